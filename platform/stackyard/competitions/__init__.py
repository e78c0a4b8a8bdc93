"""Competition, labels, fold sets, contract."""
