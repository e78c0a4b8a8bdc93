"""The residual net and the tweaks B, C and D."""

import pytest
import torch

from pipelines.errors import RecipeInvalid
from pipelines.nets.registry import build_net
from pipelines.nets.resnet import TWEAKS
from pipelines.recipe import Net

# With 1,000 outputs: torchvision's ResNet-50 (its stride is B's) and ResNet-18, and timm's resnet50d.
PUBLISHED = [
    ({"depths": [3, 4, 6, 3], "bottleneck": True, "tweaks": "A"}, 25_557_032),
    ({"depths": [3, 4, 6, 3], "bottleneck": True, "tweaks": "B"}, 25_557_032),
    ({"depths": [3, 4, 6, 3], "bottleneck": True, "tweaks": "D"}, 25_576_264),
    ({"tweaks": "A"}, 11_689_512),
]


def resnet(outputs=3, channels=3, size=32, **options):
    torch.manual_seed(0)
    return build_net(Net(name="resnet", options=options), outputs, channels, size)


@pytest.mark.parametrize(("options", "parameters"), PUBLISHED)
def test_the_large_ones_have_the_published_size(options, parameters):
    with torch.device("meta"):
        net = resnet(outputs=1000, size=224, **options).eval()

    assert sum(parameter.numel() for parameter in net.parameters()) == parameters
    assert net(torch.empty(2, 3, 224, 224, device="meta")).shape == (2, 1000)


@pytest.mark.parametrize("tweaks", TWEAKS)
@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("size", [32, 33])
def test_a_small_one_learns_with_every_tweak(tweaks, bottleneck, size):
    net = resnet(width=4, depths=[1, 1], bottleneck=bottleneck, tweaks=tweaks, size=size)
    images = torch.randn(4, 3, size, size)
    net(images).square().sum().backward()

    assert all(parameter.grad is not None for parameter in net.parameters())


def test_every_tweak_makes_another_function():
    with torch.no_grad():
        outputs = [resnet(width=4, depths=[1, 1], bottleneck=True, tweaks=tweaks).eval()(torch.ones(1, 3, 32, 32)) for tweaks in "AC"]
        middles = [resnet(width=4, depths=[1, 1], bottleneck=True, tweaks=tweaks, zero_gamma=False).eval() for tweaks in "AB"]
        differing = [net(torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))) for net in middles]

    assert not torch.equal(*outputs)
    assert not torch.equal(*differing)


def test_zero_gamma_makes_every_block_begin_as_its_shortcut():
    images = torch.rand(2, 4, 8, 8)
    (begun,) = resnet(width=4, depths=[1], small_stem=True).body.stage1
    (plain,) = resnet(width=4, depths=[1], small_stem=True, zero_gamma=False).body.stage1

    assert torch.equal(begun(images), images)
    assert not torch.equal(plain(images), images)


@pytest.mark.parametrize(("options", "message"), [({"tweaks": "E"}, "A, B, C, D"), ({"size": 16}, "at least 32 px")])
def test_a_residual_net_that_cannot_be_is_refused(options, message):
    with pytest.raises(RecipeInvalid, match=message):
        resnet(**options)
