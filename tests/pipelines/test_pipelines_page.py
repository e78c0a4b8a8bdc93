"""docs/pipelines.md says what a recipe may say, and what there is: no more and no less."""

import inspect
import re
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from pipelines import recipe as parts
from pipelines.cli import COMMANDS
from pipelines.data_spec import _KEYS
from pipelines.errors import ERRORS
from pipelines.losses import LOSSES
from pipelines.metrics import METRICS
from pipelines.nets.registry import NETS
from pipelines.optimisers import OPTIMISERS
from pipelines.recipe_toml import as_json, read_recipe
from pipelines.schedules import SCHEDULES
from pipelines.tta import VIEWS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pipelines.md").read_text()
PARTS = [parts.Recipe, parts.Net, parts.Data, parts.Phase, parts.Optimiser, parts.Schedule, parts.Augment]
PARTS += [parts.Teacher, parts.Mining, parts.Pseudo, parts.Predict]
NAMES = {
    "command": [f"python -m pipelines {name}" for name in COMMANDS],
    "data.toml key": _KEYS,
    "net": NETS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "loss": {name for losses in LOSSES.values() for name in losses},
    "metric": METRICS,
    "view": VIEWS,
    "error": ERRORS,
}


def rows_under(head):
    """The rows of the table whose head begins so, as lists of cells."""
    table = re.search(rf"^\| {re.escape(head)} \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, f"docs/pipelines.md has no table that begins with {head}"
    return [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in table[1].splitlines()]


def default_of(item):
    """A field's default as the page tells it."""
    if item.default is MISSING and item.default_factory is MISSING:
        return "needed"
    value = item.default if item.default is not MISSING else item.default_factory()
    if value is None or value == {}:
        return "none"
    if isinstance(value, tuple(PARTS)):
        return "its defaults"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_each_part_of_a_recipe_is_told_key_by_key_with_its_defaults(part):
    told = {row[0]: row[1] for row in rows_under(f"{part.__name__.lower()} key")}

    assert told == {f"`{item.name}`": default_of(item) for item in fields(part) if item.name != "folder"}


@pytest.mark.parametrize("head", NAMES)
def test_each_table_names_what_there_is(head):
    assert sorted(row[0] for row in rows_under(head)) == sorted(f"`{name}`" for name in NAMES[head])


def test_the_options_of_each_net_are_told():
    given = {"outputs", "channels", "size", "features"}
    known = {f"`{name}`": [option for option in inspect.signature(build).parameters if option not in given] for name, build in NETS.items()}

    assert {row[0]: re.findall(r"`(\w+)`", row[2]) for row in rows_under("net")} == known


def test_tasks_are_told_as_they_are():
    losses = {name: sorted(task for task, known in LOSSES.items() if name in known) for known in LOSSES.values() for name in known}
    told = {head: {row[0].strip("`"): sorted(row[1].split(", ")) for row in rows_under(head)} for head in ("loss", "metric")}

    assert told == {"loss": losses, "metric": {name: sorted(metric.tasks) for name, metric in METRICS.items()}}


def test_errors_are_told_in_their_own_words():
    assert {row[0].strip("`"): row[1] for row in rows_under("error")} == {name: error.__doc__ for name, error in ERRORS.items()}


def test_the_examples_are_recipes(tmp_path):
    data, whole, longer = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "two-phases.toml").write_text(whole)
    (tmp_path / "longer.toml").write_text(longer)
    base, changed = (as_json(read_recipe(tmp_path / name)) for name in ("two-phases.toml", "longer.toml"))

    assert set(tomllib.loads(data)) <= set(_KEYS)
    assert (base["phases"][1]["epochs"], changed["phases"][1]["epochs"], changed["seeds"]) == (20, 40, 8)
    assert {phase["batch"] for phase in changed["phases"]} == {64}
    assert changed["net"] == base["net"]
