"""Metrics that judge labels. Probabilities are decided first: the likeliest class, or every label at or above the threshold."""

from __future__ import annotations

import numpy as np

from stackyard.errors import MetricUndefined, ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers, check_classes


def labels_of(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> Numbers:
    """Return the prediction as labels of the truth's kind: bool (n, L), bool (n,) or class indices (n,).

    Raises ShapeMismatch where the prediction can be neither labels nor probabilities for this truth.

    >>> labels_of(np.array([0, 2]), np.array([[0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])).tolist()
    [1, 2]
    """
    if truth.ndim == 1 and prediction.ndim == 2:
        check_classes(truth, prediction.shape[1])
        return np.asarray(prediction.argmax(axis=1))
    if truth.shape != prediction.shape:
        raise ShapeMismatch(f"expected labels or probabilities for a truth of shape {truth.shape}, got {prediction.shape}")
    if truth.ndim == 2 or prediction.dtype.kind == "f":
        if truth.ndim == 1 and truth.max(initial=0) > 1:
            raise ShapeMismatch("expected one probability a class, or whole class indices, got one number a row")
        return prediction >= threshold if prediction.dtype.kind == "f" else prediction.astype(np.bool_, copy=False)
    return prediction


def count_labels(labels: Bools) -> Ints:
    """Return how many labels each row has, shape (n,), for bool (n, L) in C order.

    >>> count_labels(np.array([[True, False], [True, True]])).tolist()
    [1, 2]
    """
    # einsum sums short rows of bytes several times faster than sum(axis=1); 255 is as far as a byte counts
    dtype = np.uint8 if labels.shape[1] <= 255 else np.int32
    counts: Ints = np.einsum("ij->i", labels.view(np.uint8), dtype=dtype)
    return counts


def f_beta_samples_rows(truth: Bools, prediction: Numbers, beta: float = 2.0, zero_division: float = 1.0, threshold: float = 0.5) -> Floats:
    """Return F-beta of each row's label set, shape (n,).

    truth: bool (n, L). prediction: labels or probabilities (n, L).
    zero_division: what a row with neither true nor predicted labels scores. It is 1 by default, since nothing was got wrong
    (scikit-learn has the same option, and 0 as its default); expected_fbeta_labels maximises under the same convention.

    >>> f_beta_samples_rows(np.array([[True, False]]), np.array([[True, True]])).round(4).tolist()
    [0.8333]
    """
    if truth.ndim != 2:
        raise ShapeMismatch(f"expected truth of shape (n, labels), got {truth.shape}")
    truth = np.ascontiguousarray(truth, np.bool_)
    labels = np.ascontiguousarray(labels_of(truth, prediction, threshold))
    squared = beta * beta
    scores: Floats = (1.0 + squared) * count_labels(truth & labels)
    possible = squared * count_labels(truth) + count_labels(labels)
    with np.errstate(invalid="ignore"):
        scores /= possible
    scores[possible == 0] = zero_division
    return scores


def f_beta_samples_score(truth: Bools, prediction: Numbers, beta: float = 2.0, zero_division: float = 1.0, threshold: float = 0.5) -> float:
    """Return the mean over rows of F-beta; see f_beta_samples_rows."""
    return float(f_beta_samples_rows(truth, prediction, beta, zero_division, threshold).mean())


def f_beta_samples_folds(
    truth: Bools, prediction: Numbers, folds: Ints, beta: float = 2.0, zero_division: float = 1.0, threshold: float = 0.5
) -> Floats | None:
    """Return the mean of f_beta_samples_rows over the rows of each fold, in the order of the fold numbers that occur.

    None where only the slower way over rows can tell: more labels than a word has bits, or fold numbers that are not small.

    >>> f_beta_samples_folds(np.array([[True], [True], [True]]), np.array([[1], [1], [0]]), np.array([0, 1, 1])).tolist()
    [1.0, 0.5]
    """
    # imported here: numba must stay out of the web process
    from stackyard.numerics.label_words import LABELS, mean_f_beta_by_fold  # noqa: PLC0415

    if truth.ndim != 2 or not 0 < truth.shape[1] <= LABELS or folds.dtype.kind != "i" or folds.shape != truth.shape[:1]:
        return None
    labels = labels_of(truth, prediction, threshold)
    flags = np.ascontiguousarray(truth, np.bool_), np.ascontiguousarray(labels)
    return mean_f_beta_by_fold(*flags, folds, beta * beta, zero_division)


def f_beta_classes(truth: Bools, labels: Bools, beta: float = 1.0) -> Floats:
    """Return F-beta of each label over all rows, shape (L,); NaN for a label neither true nor predicted anywhere."""
    squared = beta * beta
    hits = (1.0 + squared) * np.count_nonzero(truth & labels, axis=0)
    possible = squared * np.count_nonzero(truth, axis=0) + np.count_nonzero(labels, axis=0)
    return np.asarray(np.divide(hits, possible, out=np.full(hits.shape, np.nan), where=possible > 0))


def f_beta_samples_classes(
    truth: Bools, prediction: Numbers, beta: float = 2.0, zero_division: float = 1.0, threshold: float = 0.5
) -> Floats:
    """Return F-beta label by label, shape (L,): where the rows' score is lost. zero_division is for rows only."""
    del zero_division
    return f_beta_classes(truth.astype(np.bool_), labels_of(truth, prediction, threshold).astype(np.bool_), beta)


def f1_classes(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> Floats:
    """Return F1 of each label or class; one value for a binary task; NaN where it is neither true nor predicted.

    A truth of shape (n,) beside a prediction of shape (n, C), or with an index above 1, is multi-class; else binary.
    """
    labels = labels_of(truth, prediction, threshold)
    if truth.ndim == 1:
        highest = max(int(truth.max()), int(labels.max()))
        if prediction.ndim == 1 and highest <= 1:
            return f_beta_classes(truth.astype(np.bool_)[:, None], labels.astype(np.bool_)[:, None])
        classes = np.arange(prediction.shape[1] if prediction.ndim == 2 else highest + 1)
        truth, labels = truth[:, None] == classes, labels[:, None] == classes
    return f_beta_classes(truth.astype(np.bool_), labels)


def f1_score(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> float:
    """Return F1: of the positives (binary), or the plain mean over labels or classes.

    As in scikit-learn, a label that is neither true nor predicted anywhere counts 0, and a class of that kind does not count.

    >>> round(f1_score(np.array([1, 1, 0]), np.array([1, 0, 0])), 4)
    0.6667
    """
    values = f1_classes(truth, prediction, threshold)
    if truth.ndim == 1 and len(values) > 1:
        return float(np.nanmean(values))
    return float(np.nan_to_num(values, nan=0.0).mean())


def accuracy_rows(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> Floats:
    """Return 1.0 for each row that is wholly right, else 0.0; with several labels a row all of them must be right."""
    right = labels_of(truth, prediction, threshold) == truth
    return np.asarray(right.all(axis=1) if right.ndim == 2 else right, np.float64)


def accuracy_score(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> float:
    """Return the share of rows that are wholly right.

    >>> accuracy_score(np.array([0, 2, 1, 1]), np.array([0, 2, 1, 0]))
    0.75
    """
    return float(accuracy_rows(truth, prediction, threshold).mean())


def accuracy_classes(truth: Numbers, prediction: Numbers, threshold: float = 0.5) -> Floats:
    """Return the share of right cells of each label (n, L), or of right rows of each class (n,): NaN for one without rows."""
    right = labels_of(truth, prediction, threshold) == truth
    if right.ndim == 2:
        return np.asarray(right.mean(axis=0))
    count = prediction.shape[1] if prediction.ndim == 2 else int(truth.max()) + 1
    indices = truth.astype(np.intp)
    sizes = np.bincount(indices, minlength=count)
    hits = np.bincount(indices, weights=right, minlength=count)
    return np.asarray(np.divide(hits, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0))


def quadratic_weighted_kappa_score(truth: Numbers, prediction: Numbers) -> float:
    """Return Cohen's kappa with weights that grow with the square of the distance between ordered classes.

    truth: whole numbers, shape (n,). prediction: labels (n,), probabilities (n, C), or regression values (n,): those are
    rounded (halves to even) and clipped to the truth's range.
    Raises MetricUndefined where truth and prediction are one and the same class throughout.
    Source: Cohen (1968), Weighted kappa, Psychological Bulletin 70.

    >>> quadratic_weighted_kappa_score(np.array([0, 1, 2]), np.array([0.2, 1.4, 7.0]))
    1.0
    """
    grades = np.rint(truth).astype(np.int64)
    if prediction.ndim == 2:
        guesses = prediction.argmax(axis=1)
    elif prediction.dtype.kind == "f":
        guesses = np.clip(np.rint(prediction), grades.min(), grades.max()).astype(np.int64)
    else:
        guesses = prediction.astype(np.int64)
    if grades.shape != guesses.shape:
        raise ShapeMismatch(f"expected one grade for each of {grades.shape} rows, got {guesses.shape}")
    # sums over all pairs of rows of (a - b)^2, without the confusion matrix: n * sum(a^2 + b^2) - 2 * sum(a) * sum(b)
    lowest = min(int(grades.min()), int(guesses.min()))
    a, b, n = (grades - lowest).astype(np.float64), (guesses - lowest).astype(np.float64), len(grades)
    seen = ((a - b) ** 2).sum()
    by_chance = ((a**2).sum() + (b**2).sum()) - 2.0 * a.sum() * b.sum() / n
    if by_chance <= 0:
        raise MetricUndefined("expected at least two different grades, got one in truth and prediction alike")
    return float(1.0 - seen / by_chance)
