"""Every recipe in a member's folder can be read, describes a net that can be built, and names what there is."""

import json
import re
from pathlib import Path

import pytest
import torch

from pipelines.losses import LOSSES
from pipelines.nets.groups import trained_names
from pipelines.nets.registry import build_net
from pipelines.optimisers import make_optimiser
from pipelines.recipe_toml import as_json, but, canonical_json, from_json, read_recipe, recipe_digest
from pipelines.schedules import rate_at
from pipelines.tta import views_of

MEMBERS = Path(__file__).resolve().parents[2] / "members"
RECIPES = sorted(MEMBERS.glob("*/*.toml"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in RECIPES]
PUBLISHED = {
    # nick: net, frozen epochs, optimiser, schedule of the longest phase, what may happen to an image, views
    "albu": ("timm:densenet121", 3, "sgd", "exponential", {"d4", "scale", "offset", "distortion", "contrast", "blur"}, ("d4",)),
    "alno": (
        "timm:densenet121",
        3,
        "sgd",
        "exponential",
        {"d4", "scale", "offset", "distortion", "contrast", "blur", "shear", "channel_multiply"},
        ("d4",),
    ),
    "kostia": ("timm:resnet50", 1, "adam", "constant", {"d4", "scale", "distortion", "contrast", "blur"}, ("d4",)),
    "n01z3": ("timm:resnext50_32x4d", 2, "sgd", "plateau", {"d4", "scale", "distortion", "contrast", "blur"}, ("d4",)),
    "nizhib": ("timm:densenet169", 0, "adam", "steps", {"d4", "crop"}, ("d4", "corners", "centre", "scales")),
    "romul": ("timm:vgg16", 0, "sgd", "exponential", {"d4", "scale"}, ("d4", "centre", "corners")),
    "ternaus": ("timm:densenet121", 0, "adam", "cyclic", {"d4", "scale", "channel_add", "contrast"}, ("d4", "random_crops")),
}


@pytest.mark.parametrize("path", RECIPES, ids=NAMES)
def test_a_recipe_survives_canonical_json(path):
    recipe = read_recipe(path)
    again = from_json(json.loads(canonical_json(as_json(recipe))))

    assert (again, recipe_digest(again)) == (recipe, recipe_digest(recipe))


@pytest.mark.parametrize("path", RECIPES, ids=NAMES)
def test_a_recipe_names_what_there_is(path):
    recipe = read_recipe(path)
    with torch.device("meta"):
        net = build_net(but(recipe, **{"net.weights": ""}).net, outputs=17, channels=recipe.data.channels, size=largest(recipe))

    for phase in recipe.phases:
        assert trained_names(net, phase.trains)
        assert make_optimiser(phase.optimiser, [{"params": list(net.parameters()), "weight_decay": 0.0}], phase.schedule.rate)
        assert rate_at(phase.schedule, 0, 100, round(100 * phase.epochs), (), phase.batch) > 0
        assert phase.loss in {"", *LOSSES}
    assert views_of(recipe.predict.tta, largest(recipe), recipe.phases[0].augment)


@pytest.mark.parametrize("path", [path for path in RECIPES if not path.stem.endswith("-small")], ids=lambda path: path.parent.name)
def test_every_recipe_has_a_sibling_that_a_cpu_can_train(path):
    recipe, small = read_recipe(path), read_recipe(path.with_stem(f"{path.stem}-small"))

    assert small.name == f"{recipe.name}-small"
    assert largest(small) <= 64
    assert [phase.optimiser for phase in small.phases] == [phase.optimiser for phase in recipe.phases]
    assert [phase.augment for phase in small.phases] == [phase.augment for phase in recipe.phases]
    # how many views are drawn is a matter of time
    assert [re.sub(r"^random\d+$", "random", name) for name in recipe.predict.tta] == list(small.predict.tta)
    assert (small.predict.checkpoints, small.predict.mean) == (recipe.predict.checkpoints, recipe.predict.mean)


@pytest.mark.parametrize("nick", PUBLISHED)
def test_a_published_recipe_is_as_published(nick):
    (path,) = [path for path in RECIPES if path.parent.name == nick and not path.stem.endswith("-small")]
    recipe = read_recipe(path)
    longest = max(recipe.phases, key=lambda phase: phase.epochs)
    neutral = as_json(recipe)["phases"][0]["augment"] | {"probability": 1.0}
    changed = {key for key, value in as_json(recipe)["phases"][-1]["augment"].items() if value not in (False, 0.0, [1.0, 1.0], "")}

    frozen = sum(phase.epochs for phase in recipe.phases if phase.trains == "head")
    assert neutral == as_json(recipe)["phases"][-1]["augment"] | {"probability": 1.0}
    assert (
        recipe.net.name,
        frozen,
        longest.optimiser.name,
        longest.schedule.name,
        changed - {"probability"},
        recipe.predict.tta,
    ) == PUBLISHED[nick]


def largest(recipe):
    """The side of the images that the net sees."""
    return max(phase.size or recipe.data.size for phase in recipe.phases)
