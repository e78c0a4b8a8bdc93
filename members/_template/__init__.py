"""A member's folder to copy: a recipe, a variation of it, and code of one's own."""
