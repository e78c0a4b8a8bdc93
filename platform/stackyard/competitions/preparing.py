"""Open a competition: read its files in a limited child, make or check the folds, freeze them. Heavy: for workers only."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from stackyard.accounts.services import record
from stackyard.competitions.models import Competition, CompetitionState, FoldSet
from stackyard.competitions.services import reject_competition
from stackyard.contract.contract import Contract
from stackyard.contract.digests import canonical_json
from stackyard.contract.spec import Spec, parse_spec
from stackyard.errors import RecipeInvalid, SpecInvalid, StackyardError
from stackyard.numerics.folds import FoldReport, fold_report, grouped_folds, regression_folds, stratified_folds
from stackyard.numerics.label_groups import count_broken, groups_named
from stackyard.numerics.metrics import metric_for
from stackyard.storage.queries import path_of
from stackyard.storage.services import store_array, store_bytes
from stackyard.work.leases import claim, holding, new_owner
from stackyard.work.limited import run_limited


def prepare_competition(key: int) -> None:
    """Bring one competition from `preparing` to `open`, or to `rejected` with reasons; safe to run twice."""
    owner = new_owner()
    rows = Competition.objects.filter(pk=key, state=CompetitionState.PREPARING)
    if not claim(rows, owner):
        return
    with holding(Competition.objects.filter(pk=key), owner):
        competition = Competition.objects.select_related("team", "created_by").get(pk=key)
        try:
            _open(competition)
        except StackyardError as error:
            reject_competition(competition, error)


def _open(competition: Competition) -> None:
    rules = parse_spec(competition.spec["spec"])
    metric = metric_for(rules.metric, rules.task)
    with tempfile.TemporaryDirectory(dir=settings.TEMPORARY) as folder:
        read = run_limited("read_competition", {"spec": competition.spec["spec"], "files": _files(competition, folder), "out": folder})
        arrays = {name: np.load(path, allow_pickle=False) for name, path in read["arrays"].items()}
    made_by, folds = _make_folds(rules, arrays)
    broken = _broken_groups(rules, read["classes"], arrays["truth"])
    report = _report_of(rules.task, read["classes"], read["sample"]["label_names"], fold_report(arrays["truth"], folds))
    contract = _contract_of(rules, read, folds)
    team = competition.team_id
    found = {
        "truth_digest": store_array(team, arrays["truth"]),
        "contract_digest": store_bytes(team, canonical_json(contract.as_json(with_ids=True)).encode()),
        "classes": read["classes"],
        "sample": read["sample"],
        "tags_column": contract.tags_column or "",
        "train_rows": len(contract.train_ids),
        "test_rows": len(contract.test_ids),
        "higher_is_better": metric.higher_is_better,
        "features_digest": store_array(team, arrays["features"]) if "features" in arrays else "",
        "feature_columns": read.get("feature_columns", []),
        "warnings": [*report["warnings"], *broken],
        "state": CompetitionState.OPEN,
    }
    array_digest = store_array(team, folds.astype(np.int16))
    with transaction.atomic():
        if not Competition.objects.filter(pk=competition.pk, state=CompetitionState.PREPARING).update(**found):
            return
        FoldSet.objects.create(
            competition=competition,
            digest=contract.folds_digest,
            count=contract.fold_count,
            made_by=made_by,
            seed=None if made_by == "file" else rules.folds.seed,
            array_digest=array_digest,
            report=report,
        )
        record(competition.team, competition.created_by, "competition opened", competition.slug, folds=contract.folds_digest)


def _files(competition: Competition, folder: str) -> dict[str, dict[str, str]]:
    return {name: {"path": str(path_of(digest)), "name": name, "folder": folder} for name, digest in competition.spec["files"].items()}


def _make_folds(rules: Spec, arrays: dict[str, np.ndarray[Any, Any]]) -> tuple[str, np.ndarray[Any, Any]]:
    """Return how the folds were made, and the fold of each train row."""
    truth, count, seed = arrays["truth"], rules.folds.count, rules.folds.seed
    if "folds" in arrays:
        return "file", arrays["folds"]
    if "groups" in arrays:
        return "grouped", grouped_folds(arrays["groups"], truth, count, seed)
    if rules.task == "regression":
        return "quantile", regression_folds(truth, count, seed)
    return "stratified", stratified_folds(truth, count, seed)


def _broken_groups(rules: Spec, classes: list[str], truth: np.ndarray[Any, Any]) -> list[str]:
    """Return a warning for each label group that some labelled row breaks; raise SpecInvalid for groups that do not fit the classes."""
    documents = [group.as_json() for group in rules.label_groups]
    try:
        groups = groups_named(documents, classes)
    except RecipeInvalid as error:
        raise SpecInvalid(error.detail) from error
    counts = [count_broken(truth, group) for group in groups]
    return [
        f"{count} of {len(truth)} rows break the rule {str(group)!r}"
        for group, count in zip(rules.label_groups, counts, strict=True)
        if count
    ]


def _contract_of(rules: Spec, read: dict[str, Any], folds: np.ndarray[Any, Any]) -> Contract:
    return Contract(
        slug=rules.slug,
        task=rules.task,
        metric=rules.metric,
        metric_options=rules.metric_options,
        id_column=rules.id_column,
        classes=tuple(read["classes"]),
        train_ids=read["train_ids"],
        test_ids=read["test_ids"],
        folds=folds,
        tags_column=rules.tags_column,
        empty_tags_allowed=read["empty_tags_allowed"],
    )


def _report_of(task: str, classes: list[str], label_names: list[str], report: FoldReport) -> dict[str, Any]:
    """Return sizes and class-by-fold counts, with a warning for each class that some fold lacks; JSON."""
    rows = {"binary": label_names or ["0", "1"], "regression": [f"decile {number}" for number in range(1, 11)]}.get(task, classes)
    warnings = [
        f"{rows[row]!r} has {sum(report.counts[row])} rows for {len(report.sizes)} folds: some folds hold none of it"
        for row in report.scarce
    ]
    return {"classes": rows[: len(report.counts)], "sizes": report.sizes, "counts": report.counts, "warnings": warnings}
