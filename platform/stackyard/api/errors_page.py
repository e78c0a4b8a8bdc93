"""The page `docs/errors.md`: every code that an answer may carry."""

import inspect
from collections.abc import Iterator

from stackyard.errors import ERRORS, StackyardError

HEAD = """# Errors

Every failure of the API is JSON: the code, one sentence that says what was expected and what came, how many rows are to blame,
and the first five of them. Scripts may rely on the code and on the status; the sentence is for people.

```json
{"error": "UnknownColumns", "detail": "expected columns id, EAP, HPL, MWS, got also true_label",
 "count": 1, "rows": [{"column": "true_label"}]}
```

The command line writes the sentence to stderr and exits with 1. A file that a worker refuses leaves the same objects in the
prediction's (or competition's) `errors`. In Python each code is a class of `stackyard.errors`; catching `ContractError` catches
everything that is wrong with a file.

This page is written by `python manage.py write_errors_page` from the classes themselves.

| code | status | when |
|---|---|---|
"""


def errors_page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for code, error in ERRORS.items():
        parent = error.__mro__[1]
        kind = "" if parent is StackyardError else f" (a `{parent.__name__}`)"
        yield f"| `{code}` | {error.status} | {inspect.cleandoc(error.__doc__ or '')}{kind} |"
