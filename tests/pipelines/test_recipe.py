import pytest
from stackyard.contract import digests

from pipelines import recipe as parts
from pipelines.errors import RecipeInvalid
from pipelines.recipe_toml import as_json, but, canonical_json, from_json, read_recipe, recipe_digest

WHOLE = """
name = "two phases"
seeds = 2
notes = "a remark"
[net]
name = "timm:densenet121"
weights = "densenet121.safetensors"
options = {dropout = 0.5, widths = [16, 32]}
[data]
size = 224
[[phases]]
epochs = 3
trains = "head"
optimiser = {name = "sgd", nesterov = true}
[[phases]]
epochs = 20
schedule = {name = "steps", rate = 0.01, steps = [10, 15]}
augment = {d4 = true, scale = [0.8, 1.25]}
mining = {name = "by_confidence"}
[predict]
tta = ["d4", "corners"]
"""
TINY = {"name": "a", "net": {"name": "tiny"}, "phases": [{"epochs": 1}, {"epochs": 2}]}


@pytest.fixture
def write(tmp_path):
    def put(text: str, name: str = "recipe.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return put


def test_a_toml_recipe_is_read_and_survives_json(write):
    recipe = read_recipe(write(WHOLE))

    assert recipe.phases[1].augment.scale == (0.8, 1.25)
    assert recipe.phases[1].schedule.steps == (10.0, 15.0)
    assert recipe.phases[1].mining == parts.Mining(name="by_confidence")
    assert recipe.net.options == {"dropout": 0.5, "widths": [16, 32]}
    again = from_json(as_json(recipe), folder="elsewhere")
    assert (again, recipe_digest(again)) == (recipe, recipe_digest(recipe))
    assert recipe.folder == str(write(WHOLE).parent)


def test_json_is_read_from_a_file_too(write):
    recipe = read_recipe(write(WHOLE))

    assert read_recipe(write(canonical_json(as_json(recipe)), "recipe.json")) == recipe


def test_the_digest_knows_what_trains_and_nothing_else():
    recipe = from_json(TINY)

    assert recipe_digest(but(recipe, notes="other")) == recipe_digest(recipe)
    assert recipe_digest(from_json({**TINY, "phases": [{"epochs": 1.0}, {"epochs": 2, "batch": 32}]})) == recipe_digest(recipe)
    assert recipe_digest(but(recipe, seed=1)) != recipe_digest(recipe)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({**TINY, "fases": []}, "'fases' (did you mean phases?)"),
        ({**TINY, "phases": [{"epocs": 1, "epochs": 2}]}, "in phases.0, got 'epocs' (did you mean epochs?)"),
        ({**TINY, "phases": [{"epochs": 1, "augment": {"rotate": 3}}]}, "in phases.0.augment, got 'rotate' (did you mean rotation?)"),
        ({**TINY, "phases": [{"epochs": 1, "augment": {"scale": [2, 1]}}]}, "expected scale from low to high, got 2.0 to 1.0"),
        ({**TINY, "phases": [{"epochs": 0}]}, "expected epochs to be above 0, got 0.0 in phases.0"),
        ({**TINY, "phases": [{"epochs": True}]}, "expected a finite number for epochs, got True in phases.0"),
        ({**TINY, "phases": [{"batch": 3}]}, "expected epochs in phases.0, got batch"),
        ({**TINY, "phases": [{"epochs": 1, "precision": "fp8"}]}, "expected precision to be fp32, bf16, fp16, got 'fp8' in phases.0"),
        ({**TINY, "phases": []}, "at least one phase"),
        ({**TINY, "phases": {"epochs": 1}}, "expected a list for phases"),
        ({**TINY, "net": {}}, "either net.name or net.code"),
        ({**TINY, "net": {"name": "tiny", "options": {"when": float("nan")}}}, "expected numbers, text, true, false and lists in options"),
        ({**TINY, "net": "tiny"}, "expected a table for net"),
        ({**TINY, "data": {"size": 32.5}}, "expected a whole number for size, got 32.5 in data"),
        ({**TINY, "seeds": 0}, "expected seeds to be at least 1"),
        ({**TINY, "folder": "there"}, "expected no folder in a recipe"),
        ({"name": "a"}, "expected net, phases in a recipe, got name"),
    ],
)
def test_a_wrong_recipe_is_refused_by_the_key_that_is_wrong(document, said):
    with pytest.raises(RecipeInvalid) as caught:
        from_json(document)

    assert said in caught.value.detail


def test_a_variation_changes_values_by_dotted_names():
    recipe = but(
        from_json(TINY), **{"phases.0.epochs": 3, "phases.*.augment.d4": True, "phases.1.mining.name": "repeat_hardest", "seeds": 8}
    )

    assert [(phase.epochs, phase.augment.d4) for phase in recipe.phases] == [(3.0, True), (2.0, True)]
    assert recipe.phases[1].mining == parts.Mining(name="repeat_hardest")
    assert recipe.seeds == 8
    assert but(recipe, net=parts.Net(name="other")).net.name == "other"


@pytest.mark.parametrize("name", ["phases.2.epochs", "phases.x", "name.first", "seads"])
def test_a_variation_of_what_is_not_there_is_refused(name):
    with pytest.raises(RecipeInvalid):
        but(from_json(TINY), **{name: 1})


def test_a_recipe_extends_another_and_varies_it(write):
    write(WHOLE, "base.toml")
    path = write('extends = "base.toml"\nname = "more"\n[data]\nchannels = 1\n[but]\n"phases.*.batch" = 8\n')
    recipe = read_recipe(path)

    assert (recipe.name, recipe.data.size, recipe.data.channels) == ("more", 224, 1)
    assert [phase.batch for phase in recipe.phases] == [8, 8]


def test_a_recipe_that_names_another_net_takes_nothing_of_the_old_one(write):
    write(WHOLE, "base.toml")

    assert read_recipe(write('extends = "base.toml"\nnet = {code = "own:build"}')).net == parts.Net(code="own:build")
    wider = read_recipe(write('extends = "base.toml"\nnet = {options = {widths = [8]}}')).net
    assert (wider.name, wider.options) == ("timm:densenet121", {"dropout": 0.5, "widths": [8]})


def test_recipes_that_extend_each_other_are_refused(write):
    write('extends = "recipe.toml"', "other.toml")

    with pytest.raises(RecipeInvalid, match="at most 8 deep"):
        read_recipe(write('extends = "other.toml"'))


def test_what_is_no_toml_is_refused_with_its_place(write):
    path = write("name = ")

    with pytest.raises(RecipeInvalid, match=r"recipe\.toml, got: Invalid value"):
        read_recipe(path)


def test_canonical_json_is_the_servers(write):
    document = {**as_json(read_recipe(write(WHOLE))), "ä": [1e-7, 1e22, 0.1, True, None]}

    assert canonical_json(document) == digests.canonical_json(document)
