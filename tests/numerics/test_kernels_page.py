"""docs/kernels.md names every module of numerics, and tests that there are."""

import ast
import re
from pathlib import Path

import stackyard.numerics

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "kernels.md").read_text()
HERE = Path(__file__).parent
PROPERTIES = ["rows", "models", "simplex", "ties", "one row", "one model", "constant", "0 and 1", "no positives"]


def rows_under(head):
    """The rows of the table whose head begins so, as lists of cells."""
    table = re.search(rf"^(\| {head} \|.*)\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in (table[1], *table[2].splitlines())]


def test_every_module_of_numerics_is_a_kernels_or_none():
    (names,) = stackyard.numerics.__path__
    modules = {path.stem for path in Path(names).glob("*.py")} - {"__init__"}
    kernels, others = (
        set(re.findall(r"`(\w+)`", part)) for part in (str(rows_under("kernel")), PAGE.partition("No kernels")[2].partition("|")[0])
    )

    assert kernels | others == modules
    assert not kernels & others


def test_every_kernel_has_a_test_or_a_reason_for_every_property():
    head, *kernels = rows_under("kernel")
    known = {row[0] for head in ("test", "reason") for row in rows_under(head)[1:]}
    cells = [cell for row in kernels for cell in row[2:]]

    assert head[2:] == PROPERTIES
    assert all(len(row) == len(head) for row in kernels)
    assert set(cells) | {"9", "11", "21"} == known


def test_every_test_that_is_named_is_there():
    named = [name.split("::") for row in rows_under("test")[1:] for name in re.findall(r"`([\w.:]+)`", row[1])]
    files = {file for file, _ in named}
    there = {(file, node.name) for file in files for node in ast.parse((HERE / file).read_text()).body if isinstance(node, ast.FunctionDef)}

    assert {tuple(one) for one in named} <= there
    assert len({tuple(one) for one in named}) > 60
