"""The nets a recipe can name."""

import pytest
import torch

from pipelines.errors import DataInvalid, RecipeInvalid
from pipelines.nets.registry import build_net
from pipelines.nets.small_conv import growing_dropout
from pipelines.recipe import Net


def small(features=0, size=8, **options):
    torch.manual_seed(0)
    return build_net(Net(name="small_conv", options={"width": 4, "stages": 3} | options), 5, 3, size, features)


@pytest.mark.parametrize("options", [{}, {"norm": "group"}, {"norm": "none"}, {"hidden": 7, "dropout": 0.5, "first_dropout": 0.1}])
def test_a_small_net_gives_outputs_an_image(options):
    assert small(**options)(torch.rand(2, 3, 8, 8)).shape == (2, 5)


def test_features_reach_the_outputs_and_have_to_be_there():
    net = small(features=2).eval()
    images = torch.rand(1, 3, 8, 8)

    assert not torch.equal(net(images, torch.zeros(1, 2)), net(images, torch.ones(1, 2)))
    with pytest.raises(DataInvalid, match="expects 2 features"):
        net(images)
    with pytest.raises(DataInvalid, match="expects 2 features an image beside its pixels, got 3"):
        net(images, torch.ones(1, 3))


def test_dropout_grows_layer_by_layer():
    net = small(dropout=0.4, first_dropout=0.1)
    found = [module.p for module in net.modules() if isinstance(module, torch.nn.Dropout2d | torch.nn.Dropout)]

    assert growing_dropout(0.1, 0.4, 4) == [0.1, 0.2, 0.3, 0.4]
    assert sorted(found) == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("net", "size", "message"),
    [
        (Net(name="smal_conv"), 8, "did you mean small_conv"),
        (Net(name="small_conv", options={"widht": 3}), 8, "did you mean width"),
        (Net(name="small_conv", options={"norm": "layer"}), 8, "batch, group, none"),
        (Net(name="small_conv", options={"stages": 5}), 8, "need 16 px, got 8"),
    ],
)
def test_a_net_that_cannot_be_is_refused(net, size, message):
    with pytest.raises(RecipeInvalid, match=message):
        build_net(net, 5, 3, size)


def test_alexnet_has_the_published_size_at_its_own_size():
    with torch.device("meta"):
        net = build_net(Net(name="alexnet256"), 1000, 3, 256).eval()

    # as torchvision's documentation states it
    assert sum(parameter.numel() for parameter in net.parameters()) == 61_100_840
    assert net(torch.empty(2, 3, 256, 256, device="meta")).shape == (2, 1000)


def test_a_narrow_alexnet_runs_on_smaller_images_down_to_63_px():
    options = {"width": 0.05, "hidden": 16, "grid": 2, "batch_norm": True}
    net = build_net(Net(name="alexnet256", options=options), 4, 3, 63)

    assert net(torch.rand(2, 3, 63, 63)).shape == (2, 4)
    with pytest.raises(RecipeInvalid, match="at least 63 px"):
        build_net(Net(name="alexnet256", options=options), 4, 3, 62)
