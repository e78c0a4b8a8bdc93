"""The door to a competition's own files: labels, sample submission, folds, features."""

from stackyard.contract.feature_files import FeatureRows, read_features
from stackyard.contract.fold_files import read_folds
from stackyard.contract.label_files import Labels, read_labels
from stackyard.contract.samples import Sample, read_sample

__all__ = ["FeatureRows", "Labels", "Sample", "read_features", "read_folds", "read_labels", "read_sample"]
