"""What server and client agree on: reading a file, aligning ids, validating, digests."""
