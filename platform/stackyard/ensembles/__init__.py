"""Stacking and blending runs."""
