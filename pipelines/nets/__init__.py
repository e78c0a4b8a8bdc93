"""Nets by name: `registry.build_net` makes one, `groups` says which of its parameters a phase trains."""
