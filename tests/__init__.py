"""The tests. A package, since a dependency installs one of the same name, which would win over a plain folder."""
