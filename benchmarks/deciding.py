"""The label set with the greatest expected F2, row by row."""

from __future__ import annotations

import numpy as np
from stackyard.numerics.decisions import expected_fbeta_labels

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, uncertain_probabilities
from benchmarks.peer import PeerRun

# Two sets whose expectations differ by less are equally good: float64 sums of 17 labels keep some 15 digits.
TIE = 1e-12
DATA = "made probabilities: in each row 5 labels between 0.05 and 0.5, 2 above 0.7"


def counts_of(probabilities: Array) -> list[Array]:
    """Return the distribution of the count of true labels among the first k columns, (n, k + 1) for k = 0 to L; float64."""
    counts = [np.ones((len(probabilities), 1))]
    for p in probabilities.T[:, :, None]:
        last = counts[-1]
        counts.append(np.pad(last * (1 - p), ((0, 0), (0, 1))) + np.pad(last * p, ((0, 0), (1, 0))))
    return counts


def reference_expectations(probabilities: Array) -> Array:
    """Return the expected F2 of the k likeliest labels, (n, L + 1), straight from the definition in float64; nothing shared with ours."""
    down = -np.sort(-probabilities.astype(np.float64), axis=1)
    inside, outside = counts_of(down), counts_of(down[:, ::-1])[::-1]
    values = np.zeros((len(down), down.shape[1] + 1))
    for k in range(1, down.shape[1] + 1):
        hits, missed = np.arange(k + 1)[:, None], np.arange(down.shape[1] - k + 1)[None, :]
        gains = 5.0 * hits / (k + 4.0 * (hits + missed))
        values[:, k] = np.einsum("na,nf,af->n", inside[k], outside[k], gains)
    return values


def expected_f2_of(probabilities: Array, labels: Array) -> Array:
    """Return the expected F2 of any label sets, (n,), in float64."""
    p, chosen = probabilities.astype(np.float64), labels.astype(bool)
    inside, outside = counts_of(np.where(chosen, p, 0.0))[-1], counts_of(np.where(chosen, 0.0, p))[-1]
    hits, missed = np.arange(p.shape[1] + 1)[None, :, None], np.arange(p.shape[1] + 1)[None, None, :]
    sizes = chosen.sum(axis=1)[:, None, None]
    gains = 5.0 * hits / np.maximum(sizes + 4.0 * (hits + missed), 1.0)
    return np.einsum("na,nf,naf->n", inside, outside, gains)


def _case(rows: int, measured_rows: int, labels_equal: bool) -> Case:
    probabilities = uncertain_probabilities(rows)

    def check(chosen: Array, peer: PeerRun | None) -> Check:
        best = reference_expectations(probabilities).max(axis=1)
        worst = float((best - _expected_in_blocks(probabilities, chosen)).max())
        how = f"our sets fall short of the best of a float64 reference by at most {worst:.1e} on all {rows:,} rows"
        if peer is None:
            return Check(worst <= TIE, how)
        theirs = peer.results["labels"]
        part = slice(0, len(theirs))
        lost = best[part] - expected_f2_of(probabilities[part], theirs)
        agree = (theirs == chosen[part]).all(axis=1)
        how += f"; the peer's sets are the same on {agree.mean():.1%} of {len(theirs):,} rows and worse on {(lost > TIE).mean():.1%}"
        return Check(worst <= TIE and (not labels_equal or bool((agree | (np.abs(lost) <= TIE)).all())), how)

    return Case(
        ours=lambda: expected_fbeta_labels(probabilities, 2.0, 0.0),
        arrays={"probabilities": probabilities},
        touched_bytes=probabilities.nbytes + probabilities.size,
        check=check,
        data=DATA,
        settings={"measured_rows": measured_rows},
    )


def _expected_in_blocks(probabilities: Array, labels: Array, block: int = 4096) -> Array:
    starts = range(0, len(labels), block)
    return np.concatenate([expected_f2_of(probabilities[s : s + block], labels[s : s + block]) for s in starts])


def against_enumeration(tiny: bool) -> Case:
    """Enumeration takes sure labels for certain, so it may be worse; ours must be the best."""
    return _case(300, 5, labels_equal=False) if tiny else _case(61_191, 1_000, labels_equal=False)


def against_ye(tiny: bool) -> Case:
    """Ye et al. is exact: the sets must be the same."""
    return _case(300, 20, labels_equal=True) if tiny else _case(61_191, 4_000, labels_equal=True)
