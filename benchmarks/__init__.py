"""Ours and the peers, in one run on the same data: python -m benchmarks [NAME] [--json] [--size tiny]."""
