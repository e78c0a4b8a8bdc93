"""The door to a competition's own files: labels, sample submission, folds."""

from stackyard.contract.fold_files import read_folds
from stackyard.contract.label_files import Labels, read_labels
from stackyard.contract.samples import Sample, read_sample

__all__ = ["Labels", "Sample", "read_folds", "read_labels", "read_sample"]
