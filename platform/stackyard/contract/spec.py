"""A competition's specification: SPEC.toml (or the same as JSON) judged key by key, on the member's side and on the server alike.

Whether a metric exists and fits the task is judged by the server, which holds the metrics; the names of all metric options are known here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from stackyard.contract.contract import BINARY, MULTICLASS, MULTILABEL, TASKS
from stackyard.contract.groups import GroupSpec, read_groups
from stackyard.errors import SpecInvalid

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
METRIC_OPTIONS = frozenset({"beta", "threshold", "zero_division"})
LABEL_KEYS = ("label_column", "tags_column", "label_columns")
# Metrics that judge labels: a sample submission with one column a label, or one 0/1 column, then asks for labels.
LABEL_METRICS = frozenset({"f_beta_samples_score", "f1_score", "accuracy_score", "quadratic_weighted_kappa_score"})
MOST_FOLDS = 1000


@dataclass(frozen=True)
class FoldsSpec:
    """How the folds come about: made (stratified or by quantile; kept together by group where named), or read from a file."""

    count: int = 5
    seed: int = 0
    file: str | None = None
    group_column: str | None = None


@dataclass(frozen=True)
class Spec:
    """What SPEC.toml says; file names are as written, beside the TOML file."""

    slug: str
    name: str
    task: str
    metric: str
    id_column: str
    labels: str
    sample_submission: str
    metric_options: dict[str, Any] = field(default_factory=dict)
    label_column: str | None = None
    tags_column: str | None = None
    label_columns: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    """Class order; where absent it is the sample's column order, or sorted."""
    positive: str | None = None
    """The positive value of a binary label column; where absent the second of the two in sorted order."""
    label_groups: tuple[GroupSpec, ...] = ()
    """Rules between the labels of a multilabel task, for decisions that can use them."""
    features: str | None = None
    """File of numbers that are known of every train and test row, for level-2 models that restack."""
    submissions_per_day: int = 5
    deadline: datetime | None = None
    description: str = ""
    folds: FoldsSpec = field(default_factory=FoldsSpec)

    @property
    def files(self) -> dict[str, str]:
        """Purpose -> file name of every file that the specification needs."""
        wanted = {"labels": self.labels, "sample_submission": self.sample_submission, "features": self.features, "folds": self.folds.file}
        return {purpose: name for purpose, name in wanted.items() if name}

    def as_json(self) -> dict[str, Any]:
        """Return JSON that parse_spec reads back into an equal specification; the deadline is ISO 8601."""
        document = {name: value for name, value in asdict(self).items() if value not in (None, "")}
        document.update(document.pop("metric_options"))
        document["folds"] = {"file": self.folds.file} if self.folds.file else {k: v for k, v in asdict(self.folds).items() if v is not None}
        for name in ("label_columns", "classes"):
            if name in document:
                document[name] = list(document[name])
        document.pop("label_groups")
        if self.label_groups:
            document["label_groups"] = [group.as_json() for group in self.label_groups]
        if self.deadline:
            document["deadline"] = self.deadline.isoformat()
        return document


def parse_spec(mapping: Mapping[str, Any]) -> Spec:
    """Return the specification, or raise SpecInvalid with one sentence on the first key that is unknown, missing or wrong.

    >>> spooky = {"slug": "spooky", "name": "Spooky", "task": "multiclass", "metric": "multiclass_log_loss", "id_column": "id",
    ...           "labels": "train.csv", "label_column": "author", "sample_submission": "sample.csv", "folds": {"count": 10}}
    >>> parse_spec(spooky).folds
    FoldsSpec(count=10, seed=0, file=None, group_column=None)
    """
    mapping = {key: value for key, value in mapping.items() if value is not None}  # JSON's null says: not given
    _refuse_unknown(mapping, {**_KEYS, **dict.fromkeys(METRIC_OPTIONS)}, "")
    missing = [key for key in REQUIRED if key not in mapping]
    if missing:
        raise SpecInvalid(f"expected the keys {', '.join(REQUIRED)}, got none named {', '.join(missing)}")
    values = {key: read(key, mapping[key]) for key, read in _KEYS.items() if key in mapping}
    options = {key: _number(key, mapping[key]) for key in sorted(METRIC_OPTIONS) if key in mapping}
    spec = Spec(**values, metric_options=options)
    _check_labels(spec)
    _check_groups(spec)
    return spec


def _check_labels(spec: Spec) -> None:
    given = [key for key in LABEL_KEYS if getattr(spec, key) is not None]
    if len(given) != 1:
        raise SpecInvalid(f"expected exactly one of {', '.join(LABEL_KEYS)}, got {' and '.join(given) or 'none'}")
    if (spec.task == MULTILABEL) != (spec.label_column is None):
        fitting = "tags_column or label_columns" if spec.task == MULTILABEL else "label_column"
        raise SpecInvalid(f"expected {fitting} for a {spec.task} task, got {given[0]}")
    if spec.positive is not None and spec.task != BINARY:
        raise SpecInvalid(f"expected positive with a binary task only, got it with a {spec.task} task")
    if spec.classes is not None and spec.task not in {MULTICLASS, MULTILABEL}:
        raise SpecInvalid(f"expected classes with a multiclass or multilabel task only, got them with a {spec.task} task")
    if spec.classes is not None and spec.label_columns is not None and set(spec.classes) != set(spec.label_columns):
        raise SpecInvalid(f"expected classes to be the label_columns in another order, got {', '.join(spec.classes)}")
    for column in (spec.label_column, spec.tags_column, spec.folds.group_column, *(spec.label_columns or ())):
        if column == spec.id_column:
            raise SpecInvalid(f"expected another column than id_column, got {column!r} twice")


def _check_groups(spec: Spec) -> None:
    if spec.label_groups and spec.task != MULTILABEL:
        raise SpecInvalid(f"expected label_groups with a multilabel task only, got them with a {spec.task} task")
    known = spec.classes or spec.label_columns
    unknown = [name for group in spec.label_groups for name in group.names if known and name not in known]
    if unknown:
        raise SpecInvalid(f"expected labels in label_groups among {', '.join(known or ())}, got {unknown[0]!r}")


def _refuse_unknown(mapping: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for key in mapping:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f" (did you mean {near[0]}?)" if near else f" (known: {', '.join(known)})"
            raise SpecInvalid(f"expected only known keys{where}, got {key!r}{hint}")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SpecInvalid(f"expected some text for {key}, got {value!r}")
    return value


def _any_text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SpecInvalid(f"expected text for {key}, got {value!r}")
    return value


def _slug(key: str, value: Any) -> str:
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise SpecInvalid(f"expected a {key} of at most 60 small letters, digits and inner hyphens, got {value!r}")
    return value


def _task(key: str, value: Any) -> str:
    if value not in TASKS:
        raise SpecInvalid(f"expected a {key} among {', '.join(TASKS)}, got {value!r}")
    return str(value)


def _label(key: str, value: Any) -> str:
    # in a CSV file a class is text; TOML users write positive = 1
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(key, value)


def _labels(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise SpecInvalid(f"expected a list of names for {key}, got {value!r}")
    names = tuple(_label(key, name) for name in value)
    if len(set(names)) != len(names):
        raise SpecInvalid(f"expected each name once in {key}, got {len(names) - len(set(names))} twice")
    return names


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise SpecInvalid(f"expected a finite number that is not negative for {key}, got {value!r}")
    return value


def _whole(low: int, high: int, key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SpecInvalid(f"expected a whole number from {low} to {high} for {key}, got {value!r}")
    return value


def _submissions(key: str, value: Any) -> int:
    return _whole(1, 1000, key, value)


def _deadline(key: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise SpecInvalid(f"expected a date and time such as 2026-12-31T23:59:00Z for {key}, got {value!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _folds(key: str, value: Any) -> FoldsSpec:
    if not isinstance(value, Mapping):
        raise SpecInvalid(f"expected a table [{key}], got {value!r}")
    _refuse_unknown(value, _FOLDS_KEYS, f" in [{key}]")
    if "file" in value and len(value) > 1:
        raise SpecInvalid(f"expected file alone in [{key}], got it beside {', '.join(sorted(set(value) - {'file'}))}")
    return FoldsSpec(**{name: read(f"{key}.{name}", value[name]) for name, read in _FOLDS_KEYS.items() if name in value})


def _fold_count(key: str, value: Any) -> int:
    return _whole(2, MOST_FOLDS, key, value)


def _seed(key: str, value: Any) -> int:
    return _whole(0, 2**32 - 1, key, value)


REQUIRED = ("slug", "name", "task", "metric", "id_column", "labels", "sample_submission")

_Readers = dict[str, Callable[[str, Any], Any]]

_FOLDS_KEYS: _Readers = {"count": _fold_count, "seed": _seed, "file": _text, "group_column": _text}

_KEYS: _Readers = {
    "slug": _slug,
    "name": _text,
    "task": _task,
    "metric": _text,
    "id_column": _text,
    "labels": _text,
    "label_column": _text,
    "tags_column": _text,
    "label_columns": _labels,
    "classes": _labels,
    "positive": _label,
    "label_groups": read_groups,
    "features": _text,
    "sample_submission": _text,
    "submissions_per_day": _submissions,
    "deadline": _deadline,
    "description": _any_text,
    "folds": _folds,
}
"""Key -> what reads and judges its value."""
