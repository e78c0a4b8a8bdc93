"""Training; it meets the server only through `members.client`."""
