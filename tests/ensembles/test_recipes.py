import pytest
from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.recipes import BLEND_NAMES, DECISION_NAMES, DEFAULT_RECIPE, LEVEL2_NAMES, LEVEL2_SETTINGS, parse_recipe
from stackyard.errors import RecipeInvalid
from stackyard.numerics.blending import BLENDS
from stackyard.numerics.decisions import DECISIONS
from stackyard.numerics.level2 import ALL_TASKS, LEVEL2
from stackyard.numerics.recipes import LEVEL2_TASKS, default_level2

from tests.ensembles.yard import open_competition

pytestmark = pytest.mark.once


@pytest.fixture
def recipe_of(world):
    """Return a function that parses a recipe for the competition on a subject."""
    competitions = {name: open_competition(world.admin, name) for name in ("iris", "tags", "diabetes")}
    return lambda mapping, name="iris": parse_recipe(mapping, competitions[name])


def test_names_and_settings_are_those_of_the_registries():
    assert set(LEVEL2_NAMES) == set(LEVEL2)
    assert set(BLEND_NAMES) == set(BLENDS)
    assert set(DECISION_NAMES) == {"auto", *DECISIONS}
    assert {name: dict(method.settings) for name, method in LEVEL2.items() if method.settings} == LEVEL2_SETTINGS
    assert {name: method.tasks for name, method in LEVEL2.items() if method.tasks != ALL_TASKS} == {
        name: frozenset(tasks) for name, tasks in LEVEL2_TASKS.items()
    }


def test_no_recipe_is_the_default_one(recipe_of):
    assert recipe_of(None).as_json() == DEFAULT_RECIPE
    assert recipe_of({}) == recipe_of(DEFAULT_RECIPE)


def test_the_default_leaves_out_what_does_not_fit_the_task(recipe_of):
    assert recipe_of(None, "diabetes").level2 == default_level2("regression")
    assert set(default_level2("regression")) < set(recipe_of(None, "iris").level2)


def test_a_recipe_is_read_back_from_its_json(recipe_of):
    recipe = recipe_of({"level2": ["extra_trees"], "blend": "simplex", "seed": 7, "settings": {"extra_trees": {"trees": 20}}})

    assert recipe_of(recipe.as_json()) == recipe
    assert recipe.settings == {"extra_trees": {"trees": 20}}


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"levels": []}, "got 'levels', the nearest is 'level2'"),
        ({"level2": ["ridged"]}, "the nearest is 'ridge'"),
        ({"level2": "ridge"}, "expected level2 to be a list"),
        ({"level2": [3]}, "expected level-2 methods among"),
        ({"level2": ["ridge", "ridge"]}, "each level-2 method once"),
        ({"blend": "greed"}, "the nearest is 'greedy'"),
        ({"blend": ["greedy"]}, "expected a blend among"),
        ({"decision": "argmin"}, "the nearest is 'argmax'"),
        ({"seed": -1}, "expected a whole seed"),
        ({"seed": True}, "expected a whole seed"),
        ({"seed": 1.5}, "expected a whole seed"),
        ({"settings": ["ridge"]}, "a table a level-2 method"),
        ({"settings": {"ridge": 3}}, "a table a level-2 method"),
        ({"level2": ["mean"], "settings": {"ridge": {}}}, "settings of level-2 methods that the recipe names"),
        ({"settings": {"ridge": {"penalty": 3}}}, "expected settings of ridge among none"),
        ({"settings": {"extra_trees": {"tree": 3}}}, "the nearest is 'trees'"),
        ({"settings": {"extra_trees": {"trees": 3.5}}}, "expected a whole number from 1"),
        ({"settings": {"extra_trees": {"trees": 10**9}}}, "to 1000000 for extra_trees.trees"),
        ({"settings": {"neural_net": {"dropout": float("nan")}}}, "expected a number from 0"),
        ({"settings": {"neural_net": {"dropout": "half"}}}, "expected a number from 0"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named(recipe_of, mapping, sentence):
    with pytest.raises(RecipeInvalid) as refused:
        recipe_of(mapping)

    assert sentence in refused.value.detail


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        ("iris", {"decision": "argmax"}),  # log loss judges probabilities
        ("tags", {"decision": "argmax"}),
        ("tags", {"decision": "cut_points"}),
        ("diabetes", {"decision": "thresholds"}),
        ("diabetes", {"level2": ["logistic"]}),
        ("diabetes", {"level2": ["power_mean"]}),
        ("iris", {"level2": ["vote"]}),
    ],
)
def test_what_does_not_fit_task_or_metric_is_refused(recipe_of, name, mapping):
    with pytest.raises(RecipeInvalid):
        recipe_of(mapping, name)


@pytest.mark.parametrize("decision", ["auto", "thresholds", "expected_fbeta", "none"])
def test_a_decision_that_serves_the_metric_is_taken(recipe_of, decision):
    assert recipe_of({"decision": decision}, "tags").decision == decision


def test_a_list_of_tables_is_a_grid_with_a_prediction_for_each(recipe_of):
    grid = [{"trees": 5}, {"trees": 9, "rows_per_leaf": 3}]
    recipe = recipe_of({"level2": ["mean", "extra_trees"], "settings": {"extra_trees": grid}})

    assert recipe_of(recipe.as_json()) == recipe
    fits = fits_of(recipe.as_json())
    assert [(fit.key, fit.method) for fit in fits] == [("mean", "mean"), ("extra_trees-1", "extra_trees"), ("extra_trees-2", "extra_trees")]
    assert [fit.settings for fit in fits[1:]] == grid


@pytest.mark.parametrize("grid", [[], [3], [{"tree": 3}], [{"trees": 5}, {"trees": 0}]])
def test_what_is_wrong_in_a_grid_is_refused(recipe_of, grid):
    with pytest.raises(RecipeInvalid):
        recipe_of({"level2": ["extra_trees"], "settings": {"extra_trees": grid}})
