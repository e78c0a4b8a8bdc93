"""Content-addressed blobs: bytes named by their SHA-256."""
