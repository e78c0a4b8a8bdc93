"""What somebody may have meant by a name that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_SHOWN = 20


def hint(name: object, known: Iterable[str]) -> str:
    """Return " (did you mean …?)" with the nearest known name, else the known names.

    >>> hint("epoch", ["epochs", "batch"]), hint("zz", ["epochs", "batch"])
    (' (did you mean epochs?)', ' (known: epochs, batch)')
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    more = ", …" if len(names) > MOST_SHOWN else ""
    return f" (did you mean {near[0]}?)" if near else f" (known: {', '.join(names[:MOST_SHOWN])}{more})"
