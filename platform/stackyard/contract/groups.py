"""Label groups in a specification: rules between labels, by name. What follows from them for decisions is computed on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.errors import SpecInvalid

EXACTLY_ONE, EXCLUDES = GROUP_KINDS = ("exactly_one", "excludes")
GROUP_KEYS = ("kind", "labels", "label")


@dataclass(frozen=True)
class GroupSpec:
    """One `[[label_groups]]` table."""

    kind: str
    """exactly_one: of `labels` exactly one is true. excludes: where `label` is true, none of `labels` is."""
    labels: tuple[str, ...] | None = None
    """None, with excludes only: all other labels."""
    label: str | None = None

    def __str__(self) -> str:
        labels = "all others" if self.labels is None else ", ".join(self.labels)
        return f"exactly one of {labels}" if self.kind == EXACTLY_ONE else f"{self.label} excludes {labels}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every label that the group names."""
        return (*(self.labels or ()), *(() if self.label is None else (self.label,)))

    def as_json(self) -> dict[str, Any]:
        """Return JSON that read_groups reads back."""
        document: dict[str, Any] = {"kind": self.kind}
        if self.labels is not None:
            document["labels"] = list(self.labels)
        return document if self.label is None else {**document, "label": self.label}


def read_groups(key: str, value: Any) -> tuple[GroupSpec, ...]:
    """Return the groups; raise SpecInvalid for the first that is none.

    >>> read_groups("label_groups", [{"kind": "excludes", "label": "cloudy"}])[0].label
    'cloudy'
    """
    if not isinstance(value, (list, tuple)):
        raise SpecInvalid(f"expected tables [[{key}]], got {value!r}")
    return tuple(_read_group(f"{key}[{place}]", table) for place, table in enumerate(value))


def _read_group(where: str, table: Any) -> GroupSpec:
    if not isinstance(table, Mapping) or not set(table) <= set(GROUP_KEYS):
        raise SpecInvalid(f"expected a table with the keys {', '.join(GROUP_KEYS)} for {where}, got {table!r}")
    kind, labels, label = (table.get(name) for name in GROUP_KEYS)
    if kind not in GROUP_KINDS:
        raise SpecInvalid(f"expected {where}.kind among {', '.join(GROUP_KINDS)}, got {kind!r}")
    if (label is None) == (kind == EXCLUDES) or not isinstance(label, (str, type(None))):
        raise SpecInvalid(f"expected {where}.label to be one label with {EXCLUDES}, and absent with {EXACTLY_ONE}; got {label!r}")
    if labels is None and kind == EXCLUDES:
        return GroupSpec(kind, None, label)
    least = 2 if kind == EXACTLY_ONE else 1
    if not isinstance(labels, (list, tuple)) or len(labels) < least or not all(isinstance(name, str) for name in labels):
        raise SpecInvalid(f"expected {where}.labels to be a list of {least} labels or more, got {labels!r}")
    group = GroupSpec(kind, tuple(labels), label)
    if len(set(group.names)) != len(group.names):
        raise SpecInvalid(f"expected each label once in {where}, got {', '.join(group.names)}")
    return group
