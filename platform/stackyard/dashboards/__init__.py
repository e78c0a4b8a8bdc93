"""Rows, and figures made of rows."""
