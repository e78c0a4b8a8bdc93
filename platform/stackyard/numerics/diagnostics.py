"""Everything that may be wrong with uploaded predictions though they keep the contract: warnings with numbers, never blocking.

Thresholds come from null distributions (what honest models would do by chance) and, where rows are so many that anything is beyond
chance, from a least effect that matters; each stands beside its reason in the module of its check.
"""

from __future__ import annotations

from collections.abc import Callable

from stackyard.numerics.duplicates import check_duplicates
from stackyard.numerics.findings import SEVERITIES, Finding
from stackyard.numerics.fold_values import check_fold_values
from stackyard.numerics.in_sample import check_in_sample
from stackyard.numerics.other_folds import check_other_folds
from stackyard.numerics.row_order import check_row_order
from stackyard.numerics.rows_of_models import Models
from stackyard.numerics.shift import check_constant, check_shift


def diagnose(models: Models) -> list[Finding]:
    """Return what all checks find, the most severe first.

    Reads each model a few times, one at a time; memory-mapped arrays are welcome.
    """
    found = [finding for check in CHECKS.values() for finding in check(models)]
    return sorted(found, key=lambda finding: -SEVERITIES.index(finding.severity))


CHECKS: dict[str, Callable[[Models], list[Finding]]] = {
    "permuted_rows": check_row_order,
    "in_sample": check_in_sample,
    "duplicate": check_duplicates,
    "shift": check_shift,
    "fold_out_of_line": check_fold_values,
    "other_folds": check_other_folds,
    "constant": check_constant,
}
"""Kind of finding -> the check that finds it."""
