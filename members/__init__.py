"""The member's side: `client` for Python, `cli` for the terminal, and a folder for each member's own recipes and code."""
