"""Write down how a piece of work failed, under a name, whatever it was that failed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from django.db import DatabaseError

from stackyard.errors import ServerFault, StackyardError


class LeaseLost(Exception):
    """The lease was taken away while the work was going on: whoever has it now decides what comes of it."""


class naming_failure(AbstractContextManager[None]):  # noqa: N801 - used like a function
    """Hand a failure of the block to `end` as a named error.

    A named error is thereby dealt with. Any other is a fault of the server: it is named ServerFault and goes on to the log. A database
    that does not answer is written down nowhere and ends nothing: the work is tried again.
    """

    def __init__(self, what: str, end: Callable[[StackyardError], object]) -> None:
        self.what = what
        self.end = end

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, StackyardError):
            self.end(error)
        elif isinstance(error, Exception) and not isinstance(error, (DatabaseError, LeaseLost)):
            self.end(ServerFault(f"expected {self.what}, got {type(error).__name__}; the server's log knows more"))
        return isinstance(error, (StackyardError, LeaseLost))
