"""Fold numbers for rows: stratified by class or label set, by the quantile of a value, or whole groups at a time.

Every function is a pure function of its arguments and the seed. The compiled search for swaps is imported when it is first called: the
web process reads this module without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stackyard.errors import FoldsInvalid
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers, one_column_flat

# Swaps are tried between all pairs of this many label combinations at a time.
CHUNK = 512
MOST_SWEEPS = 3
REPORT_BINS = 10


def stratified_folds(labels: Numbers, count: int, seed: int) -> Ints:
    """Return fold numbers 0 to count - 1, shape (n,), whose sizes differ by at most one.

    labels: class indices (n,), or bool (n, L). Each class has its share of rows in every fold, rounded down or up. Of several labels a
    row, each label's and each pair's count is brought as near to its share as swaps of two rows can bring it: rows are sorted by their
    label combination, the rarest label first, dealt round robin, and swapped while the squared error falls.
    Raises FoldsInvalid for fewer than 2 folds or more folds than rows. Memory grows with count * L * L.
    Source: Sechidis, Tsoumakas and Vlahavas (2011), On the Stratification of Multi-Label Data, for the aim, not the method.

    >>> sorted(stratified_folds(np.array([0, 0, 0, 1, 1, 1]), count=3, seed=0)[:3].tolist())
    [0, 1, 2]
    """
    labels = one_column_flat(np.asarray(labels))
    random = _checked(len(labels), count, seed)
    if labels.ndim == 1:
        if labels.dtype.kind not in "biu":
            raise FoldsInvalid(f"expected class indices or bool labels, got {labels.dtype}; values go to regression_folds")
        return _deal(labels, count, random)
    if labels.ndim != 2:
        raise FoldsInvalid(f"expected labels of shape (n,) or (n, L), got {labels.shape}")
    return _label_set_folds(labels.astype(np.bool_), count, random)


def regression_folds(values: Floats, count: int, seed: int) -> Ints:
    """Return fold numbers, shape (n,): of every `count` neighbours in the order of the values each fold gets one.

    Raises FoldsInvalid as stratified_folds does, and for values that are not finite.

    >>> sorted(regression_folds(np.array([5.0, 1.0, 6.0, 2.0]), count=2, seed=0)[[0, 2]].tolist())
    [0, 1]
    """
    values = one_column_flat(np.asarray(values))
    random = _checked(len(values), count, seed)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise FoldsInvalid("expected one finite value a row")
    order = _shuffled_order(values, random)
    rounds = -(-len(values) // count)
    dealt = random.permuted(np.tile(np.arange(count), (rounds, 1)), axis=1).ravel()
    folds = np.empty(len(values), np.int64)
    folds[order] = dealt[: len(values)]
    return folds


def grouped_folds(groups: Numbers, labels: Numbers, count: int, seed: int) -> Ints:
    """Return fold numbers, shape (n,), in which no group is ever split.

    groups: any values, one a row. labels: class indices (n,), bool (n, L), or float values (n,), which count by decile. Large groups
    come first, each to the fold where the squared relative errors of size and class counts grow least; then groups move while that falls.
    Raises FoldsInvalid as stratified_folds does, and for fewer groups than folds.

    >>> grouped_folds(np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 1]), count=2, seed=0).tolist()
    [0, 0, 1, 1]
    """
    random = _checked(len(groups), count, seed)
    names, members = np.unique(groups, return_inverse=True)
    if len(names) < count:
        raise FoldsInvalid(f"expected at least {count} groups for {count} folds, got {len(names)}")
    flags = _class_columns(labels)
    if len(flags) != len(members):
        raise FoldsInvalid(f"expected a group for each of {len(flags)} rows, got {len(members)}")
    contents = np.zeros((len(names), flags.shape[1] + 1))
    np.add.at(contents, members, np.column_stack([np.ones(len(flags)), flags]))
    return _place_groups(contents, count, random)[members]


@dataclass(frozen=True)
class FoldReport:
    """How rows and classes lie in the folds."""

    sizes: list[int]
    """Rows in each fold."""
    counts: list[list[int]]
    """[class][fold]: the rows of each class (each decile of a value) in each fold."""
    scarce: list[int]
    """Classes with fewer positives than folds: some fold has none of them, and metrics by class may be undefined there."""


def fold_report(labels: Numbers, folds: Ints) -> FoldReport:
    """Count rows and classes by fold; labels as in grouped_folds.

    >>> fold_report(np.array([0, 0, 1]), np.array([0, 1, 1]))
    FoldReport(sizes=[1, 2], counts=[[1, 1], [0, 1]], scarce=[1])
    """
    flags = _class_columns(labels)
    count = int(folds.max()) + 1
    counts = np.stack([np.bincount(folds[column], minlength=count) for column in flags.T])
    scarce = np.flatnonzero(counts.sum(axis=1) < count)
    return FoldReport(np.bincount(folds, minlength=count).tolist(), counts.tolist(), scarce.tolist())


def _checked(rows: int, count: int, seed: int) -> np.random.Generator:
    if not 2 <= count <= rows:
        raise FoldsInvalid(f"expected 2 to {rows} folds for {rows} rows, got {count}")
    if seed < 0:
        raise FoldsInvalid(f"expected a seed of 0 or more, got {seed}")
    return np.random.default_rng(seed)


def _shuffled_order(keys: Numbers, random: np.random.Generator) -> Ints:
    """Return the positions of the rows in ascending order of their keys, equals in random order."""
    shuffle = random.permutation(len(keys))
    return shuffle[np.argsort(keys[shuffle], kind="stable")]


def _deal(keys: Numbers, count: int, random: np.random.Generator) -> Ints:
    """Deal the rows round robin in the order of their keys; random fold numbers, so that no fold is always the larger one."""
    folds = np.empty(len(keys), np.int64)
    folds[_shuffled_order(keys, random)] = random.permutation(count)[np.arange(len(keys)) % count]
    return folds


def _label_set_folds(flags: Bools, count: int, random: np.random.Generator) -> Ints:
    """Deal the label sets, then swap; only how many rows of each combination a fold has matters, until the end."""
    combinations, keys = _combinations(flags)
    dealt = _deal(keys, count, random)
    rows = np.bincount(dealt * len(combinations) + keys, minlength=count * len(combinations)).reshape(count, -1)
    _balance(rows, combinations, random)
    folds = np.empty(len(flags), np.int64)
    folds[_shuffled_order(keys, random)] = np.repeat(np.tile(np.arange(count), len(combinations)), rows.T.ravel())
    return folds


def _combinations(flags: Bools) -> tuple[Bools, Ints]:
    """Return the different label sets, (combinations, L), the rarest label the highest bit, and each row's index among them."""
    rarest_first = flags[:, np.argsort(np.count_nonzero(flags, axis=0), kind="stable")]
    packed = np.packbits(rarest_first, axis=1)
    width = -(-packed.shape[1] // 8) * 8
    padded = np.zeros((len(flags), width), np.uint8)
    padded[:, : packed.shape[1]] = packed
    if width == 8:  # one number a row sorts many times faster than a row of bytes
        values, keys = np.unique(padded.view(">u8")[:, 0].astype(np.uint64), return_inverse=True)
    else:
        values, keys = np.unique(padded.view(np.dtype((np.void, width)))[:, 0], return_inverse=True)
    combinations = np.empty((len(values), flags.shape[1]), np.bool_)
    combinations[keys] = flags
    # numbers of 16 bits are sorted by radix
    return combinations, keys.astype(np.min_scalar_type(len(values)))


def _balance(rows: Ints, combinations: Bools, random: np.random.Generator) -> None:
    """Swap rows between folds, in place; all pairs of combinations are tried, or all pairs within random chunks of them."""
    # imported here: numba must stay out of the web process
    from stackyard.numerics.fold_swaps import LABEL_WEIGHT, measure_errors, swap_rows  # noqa: PLC0415

    count = len(rows)
    errors = measure_errors(rows, *_members(combinations), combinations.shape[1])
    order = random.permutation(len(combinations))
    for chunk in np.array_split(order, -(-len(order) // CHUNK)):
        cells = combinations[chunk].astype(np.float32)
        shared = (cells @ cells.T).astype(np.int32)  # half the bytes: the swaps live in the cache
        overlaps = 4 * count * (LABEL_WEIGHT * shared + shared * (shared - 1) // 2)
        part = np.ascontiguousarray(rows[:, chunk])
        swap_rows(part, errors, *_members(combinations[chunk]), overlaps)
        rows[:, chunk] = part


def _members(combinations: Bools) -> tuple[Ints, Ints]:
    """Return where each combination's labels start in the list of all, and that list."""
    which, members = np.nonzero(combinations)
    # nonzero gives a strided view, which would cost the compiled loops their speed
    return np.searchsorted(which, np.arange(len(combinations) + 1)), np.ascontiguousarray(members)


def _class_columns(labels: Numbers) -> Bools:
    """Return the labels as bool (n, classes); float values by decile."""
    labels = one_column_flat(np.asarray(labels))
    if labels.ndim == 2:
        return labels.astype(np.bool_)
    if labels.dtype.kind == "f":
        edges = np.quantile(labels, np.linspace(0, 1, REPORT_BINS + 1)[1:-1])
        labels = np.searchsorted(edges, labels, side="right")
    flags: Bools = labels[:, None] == np.arange(int(labels.max(initial=0)) + 1)
    return flags


def _place_groups(contents: Floats, count: int, random: np.random.Generator) -> Ints:
    """Return a fold for each group; contents: (groups, 1 + classes), the rows and the class counts of each."""
    ideal = contents.sum(axis=0) / count
    scaled = contents / np.where(ideal > 0, ideal, 1)
    scaled[:, 0] *= np.sqrt(contents.shape[1] - 1)  # sizes weigh as much as all classes together
    shuffle = random.permutation(len(contents))
    order = shuffle[np.argsort(-contents[shuffle, 0], kind="stable")]
    totals = np.zeros((count, contents.shape[1]))
    folds = np.full(len(contents), -1)
    for _ in range(1 + MOST_SWEEPS):
        before = folds.copy()
        for group in order:
            if folds[group] >= 0:
                totals[folds[group]] -= scaled[group]
            # the square grows by 2 total * content + content^2, and only the first part differs between folds
            costs = totals @ scaled[group]
            if folds[group] < 0 or costs.min() < costs[folds[group]] - 1e-9:
                folds[group] = int(costs.argmin())
            totals[folds[group]] += scaled[group]
        if (folds == before).all():
            break
    return folds
