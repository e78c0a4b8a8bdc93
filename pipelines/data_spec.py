"""What a data folder says of itself: data.toml, with the competition specification's own keys and where the images lie."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import DataInvalid
from pipelines.nearest import hint

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS = ("binary", "multiclass", "multilabel", "regression")
SINGLE = (BINARY, REGRESSION)
"""Tasks whose predictions have one column."""
NAME = "data.toml"


@dataclass(frozen=True, kw_only=True)
class ImagesSpec:
    """Where images lie, beside data.toml."""

    train: str
    """A pattern such as "train/{id}.jpg" or "train/*/{id}.jpg", or a file .parquet or .npz."""
    test: str = ""
    id: str = "id"
    """Column or array of ids in a file."""
    image: str = "image"
    """Column of encoded images, or array of images, in a file."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """data.toml."""

    folder: Path
    task: str
    id_column: str
    labels: str
    images: ImagesSpec
    label_column: str = ""
    tags_column: str = ""
    label_columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    positive: str = ""
    sample_submission: str = ""
    features: str = ""
    metric: str = ""
    metric_options: Mapping[str, float] = field(default_factory=dict)
    taxonomy: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Group -> the classes in it."""


def read_data_spec(folder: str | Path) -> DataSpec:
    """Return what FOLDER/data.toml says; raise DataInvalid for an unreadable file and the first key that is unknown, missing or wrong.

    Keys of a competition's specification that training has no use for (slug, folds, deadline, …) may stand there and are left alone.
    """
    path = Path(folder) / NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataInvalid(f"expected a description of the data at {path}, got: {error}") from error
    _refuse_unknown(document, (*_KEYS, *OPTIONS, *LEFT_ALONE), "")
    values = {key: read(key, document[key]) for key, read in _KEYS.items() if key in document}
    missing = [key for key in ("task", "id_column", "labels", "images") if key not in values]
    if missing:
        raise DataInvalid(f"expected {', '.join(missing)} in {path}, got {', '.join(document) or 'nothing'}")
    options = {key: float(document[key]) for key in OPTIONS if key in document}
    spec = DataSpec(folder=path.parent, metric_options=options, **values)
    _check(spec)
    return spec


def _check(spec: DataSpec) -> None:
    given = [key for key in ("label_column", "tags_column", "label_columns") if getattr(spec, key)]
    if len(given) != 1 or (spec.task == MULTILABEL) != (given[0] != "label_column"):
        fitting = "tags_column or label_columns" if spec.task == MULTILABEL else "label_column"
        raise DataInvalid(f"expected {fitting} for a {spec.task} task in {NAME}, got {' and '.join(given) or 'none'}")
    if spec.classes and spec.task in SINGLE:
        raise DataInvalid(f"expected classes with a multiclass or multilabel task only, got them with a {spec.task} task")
    grouped = [name for group in spec.taxonomy.values() for name in group]
    if len(set(grouped)) != len(grouped):
        raise DataInvalid(f"expected each class in one group of [taxonomy], got {_first_repeated(grouped)!r} in two")


def _first_repeated(names: list[str]) -> str:
    return next(name for place, name in enumerate(names) if name in names[:place])


def _refuse_unknown(document: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in document:
        if key not in known:
            raise DataInvalid(f"expected only known keys{where} in {NAME}, got {key!r}{hint(key, known)}")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise DataInvalid(f"expected text for {key} in {NAME}, got {value!r}")
    return value


def _task(key: str, value: Any) -> str:
    if value not in TASKS:
        raise DataInvalid(f"expected {key} among {', '.join(TASKS)} in {NAME}, got {value!r}")
    return str(value)


def _label(key: str, value: Any) -> str:
    # in a CSV file a class is text; TOML users write positive = 1
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(key, value)


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise DataInvalid(f"expected a list of names for {key} in {NAME}, got {value!r}")
    names = tuple(_label(key, name) for name in value)
    if len(set(names)) != len(names):
        raise DataInvalid(f"expected each name once in {key} in {NAME}, got {_first_repeated(list(names))!r} again")
    return names


def _images(key: str, value: Any) -> ImagesSpec:
    known = tuple(ImagesSpec.__dataclass_fields__)
    if not isinstance(value, Mapping) or "train" not in value:
        raise DataInvalid(f"expected a table [{key}] with train in {NAME}, got {value!r}")
    _refuse_unknown(value, known, f" in [{key}]")
    return ImagesSpec(**{name: _text(f"{key}.{name}", one) for name, one in value.items()})


def _taxonomy(key: str, value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise DataInvalid(f"expected a table [{key}] of groups in {NAME}, got {value!r}")
    return {group: _names(f"{key}.{group}", names) for group, names in value.items()}


OPTIONS = ("beta", "threshold", "zero_division")
"""The metric's."""
LEFT_ALONE = ("slug", "name", "submissions_per_day", "deadline", "description", "folds", "label_groups")

_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "task": _task,
    "id_column": _text,
    "labels": _text,
    "label_column": _text,
    "tags_column": _text,
    "label_columns": _names,
    "classes": _names,
    "positive": _label,
    "sample_submission": _text,
    "features": _text,
    "metric": _text,
    "images": _images,
    "taxonomy": _taxonomy,
}
"""Key -> what reads and judges its value."""
