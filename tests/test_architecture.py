"""The order of the rooms, their sizes and their manners, read from the code itself and held to the picture in docs/architecture.md."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "platform" / "stackyard"
# Top to bottom: a room imports only from rooms below it.
ROOMS = [
    "config",
    "demo",
    "api",
    "dashboards",
    "submissions",
    "ensembles",
    "scoring",
    "training",
    "predictions",
    "competitions",
    "accounts",
]
ROOMS += ["work", "storage", "numerics", "contract", "errors"]
IMPORTED_BY_NOTHING = {"config", "demo"}
PURE = {"numerics", "contract", "errors"}
# What may be imported inside a function, with its reason beside it: it is heavy, or an extra that not everybody has.
HEAVY = ("torch", "sklearn", "numba", "scipy", "boto3", "botocore", "pandas", "playwright", "stackyard.numerics")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


class Source(NamedTuple):
    """What is asked of a source file. Its tree is not kept: hundreds of them would slow down every test that comes after."""

    imports: list[tuple[str, int]]
    """The names and lines of what it imports, anywhere in it."""
    inner_imports: set[tuple[str, int]]
    """Those inside functions."""
    functions: list[tuple[str, int, int]]
    """Name, first line, and how many lines it has."""


@cache
def all_files() -> dict[Path, Source]:
    """Return what is asked of every source file."""
    return {
        path: read(ast.parse(path.read_text()))
        for folder in ("platform/stackyard", "members", "pipelines", "benchmarks", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    }


def read(tree: ast.Module) -> Source:
    functions = [node for node in statements(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = [(function.name, function.lineno, (function.end_lineno or 0) - function.lineno + 1) for function in functions]
    return Source(list(imports(tree)), {found for function in functions for found in imports(function)}, sizes)


def product() -> dict[Path, Source]:
    """Return the files of what is shipped."""
    return {path: source for path, source in all_files().items() if path.relative_to(ROOT).parts[0] in {"platform", "members", "pipelines"}}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all statements in it: what is imported or defined is one, and expressions are many more."""
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, name, ())
        for part in inner if isinstance(inner, list) else ():
            yield from statements(part)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each imported module's whole name with its line."""
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(SERVER).parts[0].removesuffix(".py")


def room_named(module: str) -> str | None:
    return module.split(".")[1] if module.startswith("stackyard.") else None


def find(rule) -> list[str]:
    """Return which imports of the server's rooms break the rule (path, module) -> bool."""
    rooms = {path: source for path, source in product().items() if path.is_relative_to(SERVER) and room_of(path) in ROOMS}
    return [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path, source in rooms.items()
        for module, line in source.imports
        if rule(path, module)
    ]


def has_reason(lines: list[str], number: int) -> bool:
    """Tell whether a comment stands beside line `number`, or above the imports that it belongs to; a bare `noqa` gives no reason."""
    if re.sub(r"# noqa: [A-Z0-9]+( - )?", "# ", lines[number - 1]).partition("#")[2].strip():
        return True
    above = next(line.strip() for line in reversed(lines[: number - 1]) if not line.strip().startswith(("from ", "import ")))
    return above.startswith("#")


def test_a_room_imports_only_from_rooms_below_it():
    def looks_up(path: Path, module: str) -> bool:
        target = room_named(module)
        return target is not None and target != room_of(path) and ROOMS.index(target) < ROOMS.index(room_of(path))

    assert find(looks_up) == []


def test_nothing_imports_config_or_demo():
    assert find(lambda path, module: room_named(module) in IMPORTED_BY_NOTHING - {room_of(path)}) == []


def test_what_computes_knows_no_django_and_numerics_and_contract_not_each_other():
    def leaves(path: Path, module: str) -> bool:
        target = room_named(module)
        foreign = target is not None and target not in {room_of(path), "errors"}
        return room_of(path) in PURE and (foreign or module.startswith(("django", "rest_framework", "celery", "httpx", "members")))

    assert find(leaves) == []


def test_the_server_imports_no_member_and_only_the_demo_is_one():
    assert find(lambda path, module: module.split(".")[0] in {"members", "pipelines"} and room_of(path) != "demo") == []


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [("members", ("stackyard.contract", "stackyard.errors", "members")), ("pipelines", ("members.client", "pipelines"))],
)
def test_the_other_sides_keep_to_their_edges(folder, allowed):
    ours = ("stackyard", "members", "pipelines", "django")
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path, source in product().items()
        if path.is_relative_to(ROOT / folder)
        for module, line in source.imports
        if module.split(".")[0] in ours and not module.startswith(allowed)
    ]

    assert found == []


def test_an_import_inside_a_function_is_heavy_and_has_its_reason_beside_it():
    found = []
    for path, source in product().items():
        lines = path.read_text().splitlines()
        for module, line in source.inner_imports:
            own_heavy_half = path.name == "tasks.py" and room_named(module) == room_of(path)
            if not (has_reason(lines, line) and (module.startswith(HEAVY) or own_heavy_half)):
                found.append(f"{path.relative_to(ROOT)}:{line} imports {module}")

    assert found == []


def test_files_and_functions_are_short_and_none_is_called_utils():
    long_files = [str(path.relative_to(ROOT)) for path in all_files() if len(path.read_text().splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, source in all_files().items()
        for name, line, length in source.functions
        if length >= LONGEST_FUNCTION
    ]

    assert (long_files, long_functions, [path for path in all_files() if "utils" in path.stem]) == ([], [], [])


def test_every_room_is_there_and_no_other():
    found = {path.name.removesuffix(".py") for path in SERVER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert found - {"__init__"} == set(ROOMS)


def test_the_picture_shows_the_rooms_in_their_order():
    text = (ROOT / "docs" / "architecture.md").read_text()
    picture = re.search(r"```rooms\n(.*?)```", text, re.DOTALL)[1].strip().splitlines()

    assert [line.split(" — ")[0].strip() for line in picture] == ROOMS
    assert all(len(line.split(" — ")) == 2 for line in picture)
