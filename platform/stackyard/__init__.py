"""Stackyard, the server that a competition team runs."""
