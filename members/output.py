"""How things look to a person: numbers, names that others gave, tables, and errors with what to do about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from members.answers import Fault
from members.hints import hint_for

# Where no terminal listens there is no width to fit: a sentence stays on one line, so that a script can look for it.
PLAIN_WIDTH = 10_000
BAR_WIDTH = 24


def make_console(stderr: bool) -> Console:
    """Return a console on stdout or stderr that guesses nothing: no emoji, no colouring of what looks like a number."""
    console = Console(stderr=stderr, highlight=False, emoji=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, emoji=False, width=PLAIN_WIDTH)


def clean(value: Any) -> Text:
    r"""Return what others named as plain text: neither markup nor control characters can play with the terminal.

    >>> clean("m1\x1b[2J").plain
    'm1�[2J'
    """
    return Text("".join(letter if letter.isprintable() else "�" for letter in str(value)))


def number(value: float | None, digits: int = 5) -> str:
    """Return a score for a reader, or a dash.

    >>> number(0.3518812), number(None)
    ('0.35188', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def plain_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[str] = (), title: str | None = None) -> Table:
    """Return a table without a frame; the columns in `right` are set flush right."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, show_edge=False)
    flush = set(right)
    for header in headers:
        table.add_column(clean(header), justify="right" if header in flush else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else clean("" if cell is None else cell) for cell in row))
    return table


def share_bar(share: float) -> Text:
    """Return a share of 1 as a bar.

    >>> share_bar(0.5).plain
    '████████████'
    """
    return Text("█" * round(max(0.0, min(share, 1.0)) * BAR_WIDTH), style="cyan")


def faults_view(faults: Sequence[Fault], slug: str | None = None) -> RenderableType:
    """Return errors as their sentence, the first rows to blame, and what to try."""
    spaced = [part for fault in faults for part in (Text(), _fault_view(fault, slug))]
    return Group(*spaced[1:])


def _fault_view(fault: Fault, slug: str | None) -> RenderableType:
    head = Text.assemble((str(fault["error"]), "bold red"), "  ", *([(f"{fault['file']} file: ", "bold")] if fault.get("file") else []))
    lines: list[RenderableType] = [head.append_text(clean(fault["detail"]))]
    rows = [row for row in fault.get("rows") or () if isinstance(row, dict)]
    if rows:
        headers = list(dict.fromkeys(key for row in rows for key, value in row.items() if value is not None))
        lines.append(Padding(plain_table(headers, [[row.get(key) for key in headers] for row in rows]), (0, 0, 0, 2), expand=False))
    more = (fault.get("count") or 0) - len(rows)
    if rows and more > 0:
        lines.append(Text(f"  … and {more:,} more", style="dim"))
    if hint := hint_for(str(fault["error"]), slug):
        lines.append(Text.assemble(("  Try: ", "bold"), hint))
    return Group(*lines)
