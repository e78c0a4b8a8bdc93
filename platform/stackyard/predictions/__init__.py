"""Uploads: received, validated, stored."""
