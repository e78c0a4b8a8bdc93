"""Parquet by way of polars, where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.errors import DataInvalid
from pipelines.packages import load


def polars() -> Any:
    """Return the package; raise PackageMissing."""
    return load("polars", "read Parquet")


def read_parquet(path: Path, work: Callable[[Any], Any]) -> Any:
    """Return what `work` makes of the lazy frame of a file; raise DataInvalid where the file cannot be read."""
    package = polars()
    try:
        return work(package.scan_parquet(path))
    except (OSError, package.exceptions.PolarsError, package.exceptions.PanicException) as error:
        raise DataInvalid(f"expected a Parquet file at {path}, got: {str(error).strip().splitlines()[0]}") from error
