"""A member's own functions, by name: trusted because they lie in the team's repository, and recorded by digest."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.errors import CodeInvalid
from pipelines.nearest import hint

PACKAGE = "members."


def find_code(name: str) -> Callable[..., Any]:
    """Return the function behind "members.NICK.MODULE:FUNCTION".

    Raises CodeInvalid when the name has another form, leads out of members/, to nothing, or to something that cannot be called.
    """
    module, attribute = _module(name), name.partition(":")[2]
    if not hasattr(module, attribute):
        public = [known for known in vars(module) if not known.startswith("_")]
        raise CodeInvalid(f"expected {attribute!r} in {module.__name__}, which does not have it{hint(attribute, public)}")
    found = getattr(module, attribute)
    if not callable(found):
        raise CodeInvalid(f"expected a function behind {name!r}, got {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def code_digest(name: str) -> str:
    """Return the SHA-256 of the module's file and of those beside it, which it may import: any change there is other code."""
    file = _module(name).__file__
    if file is None:
        raise CodeInvalid(f"expected a module with a file behind {name!r}, got a folder")
    digest = hashlib.sha256(Path(file).name.encode())
    for path in sorted(Path(file).parent.glob("*.py")):
        text = path.read_bytes()
        digest.update(f"\n{path.name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _module(name: str) -> ModuleType:
    path, colon, attribute = name.partition(":")
    if not (path and colon and attribute):
        raise CodeInvalid(f'expected code such as "members.kostia.nets:build", got {name!r}')
    if not path.startswith(PACKAGE):
        # a recipe may come from anywhere; only what lies in the team's repository is trusted, and its digest means what it says
        raise CodeInvalid(f'expected code from a folder in members/, such as "members.kostia.nets:build", got {name!r}')
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise CodeInvalid(f"expected a module behind {name!r} that can be imported from here, got: {error}") from error
