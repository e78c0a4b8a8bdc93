"""docs/recipes.md says what recipes may say: no more and no less."""

import re
import tomllib
from pathlib import Path

import pytest
from stackyard.competitions.models import Competition
from stackyard.ensembles.recipes import (
    BLEND_NAMES,
    CALIBRATION_NAMES,
    DECISION_KEYS,
    DECISION_NAMES,
    DEFAULT_RECIPE,
    LEVEL2_NAMES,
    LEVEL2_SETTINGS,
    parse_recipe,
)
from stackyard.numerics.recipes import LEVEL2_TASKS, RESTACKING

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "recipes.md").read_text()
NAMES = {
    "key | default": DEFAULT_RECIPE,
    "method": LEVEL2_NAMES,
    "setting": [f"{method}.{name}" for method, known in LEVEL2_SETTINGS.items() for name in known],
    "blend": BLEND_NAMES,
    "decision": DECISION_NAMES,
    "key | with": [key for key in DECISION_KEYS if key != "name"],
    "calibration": CALIBRATION_NAMES,
}


def rows_under(head):
    """The rows of the table whose head begins so, as lists of cells."""
    table = re.search(rf"^\| {re.escape(head)} \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, f"docs/recipes.md has no table that begins with {head}"
    return [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in table[1].splitlines()]


@pytest.mark.parametrize("head", NAMES)
def test_each_table_names_what_there_is(head):
    assert sorted(row[0] for row in rows_under(head)) == sorted(f"`{name}`" for name in NAMES[head])


def test_the_defaults_are_told_as_they_are():
    known = {f"{method}.{name}": value for method, table in LEVEL2_SETTINGS.items() for name, value in table.items()}
    assert {row[0].strip("`"): row[1] for row in rows_under("setting")} == {name: str(value) for name, value in known.items()}
    assert {row[0].strip("`") for row in rows_under("method") if row[2] == "yes"} == set(DEFAULT_RECIPE["level2"])
    told = {row[0].strip("`"): row[1].strip("`").strip('"') for row in rows_under("key | default")}
    assert {key: told[key] for key in ("blend", "decision", "seed")} == {
        key: str(DEFAULT_RECIPE[key]) for key in ("blend", "decision", "seed")
    }


def test_the_tasks_are_told_as_they_are():
    words = {"all": None, "probabilities": {"binary", "multiclass", "multilabel"}, "multilabel": {"multilabel"}}
    for row in rows_under("method"):
        tasks = LEVEL2_TASKS.get(row[0].strip("`"))
        assert words[row[1]] == (None if tasks is None else set(tasks)), row[0]


def test_the_examples_are_recipes():
    planet = Competition(
        task="multilabel",
        metric="f_beta_samples_score",
        metric_options={"beta": 2},
        classes=["clear", "cloudy", "haze", "partly_cloudy", "road"],
        spec={},
        features_digest="0" * 64,
    )
    example, restacking = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    recipe = parse_recipe(tomllib.loads(example), planet)

    assert recipe.settings == {"power_mean": {"exponent": 3.0}}
    assert recipe.decision["label_groups"][1] == {"kind": "excludes", "labels": [0, 2, 3, 4], "label": 1}
    assert parse_recipe(recipe.as_json(), planet) == recipe
    restacked = parse_recipe(tomllib.loads(restacking), planet)
    assert restacked.restack == ("logistic", "boosted_trees")
    assert parse_recipe(restacked.as_json(), planet) == restacked
    assert f"# of {', '.join(RESTACKING)}\n" in restacking
