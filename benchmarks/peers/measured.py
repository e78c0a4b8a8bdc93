"""What every peer hands back."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Measured:
    """The seconds of each run of the measured part, its share of the whole work, and the results for the check."""

    seconds: list[float]
    results: Mapping[str, Array]
    share: float = 1.0
    note: str = ""
    variants: Mapping[str, float] = field(default_factory=dict)


def with_version(text: str, package: str) -> str:
    """Return the text with the version of an installed package after the package's name."""
    return text.replace(package, f"{package} {importlib.metadata.version(package)}", 1)
