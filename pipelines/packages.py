"""Packages that only some runs need, loaded where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from pipelines.errors import PackageMissing


def load(module: str, purpose: str, install: str = "") -> Any:
    """Return the imported module; raise PackageMissing that says what it is for and what to install.

    purpose: completes "… is needed to ". install: the package's name where it is not the module's.

    >>> load("json", "read a recipe").loads("1")
    1
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = install or module.split(".", 1)[0]
        raise PackageMissing(f"{package} is needed to {purpose}: pip install {package} ({error})") from error
