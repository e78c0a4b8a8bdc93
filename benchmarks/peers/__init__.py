"""The peers, one module each. They run in .venv-bench, which holds neither stackyard nor its dependencies."""
