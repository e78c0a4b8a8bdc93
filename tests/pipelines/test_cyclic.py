"""The plankton winners' net: what it finds does not depend on how an image is turned."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DataInvalid, RecipeInvalid
from pipelines.nets.cyclic import CyclicPool, CyclicRoll, CyclicSlice, Maxout, RmsPool
from pipelines.nets.registry import build_net
from pipelines.recipe import Net

SMALL = {"width": 4, "depths": [2, 1], "hidden": 6}


def cyclic(size=12, outputs=3, channels=2, **options):
    torch.manual_seed(0)
    return build_net(Net(name="cyclic", options=SMALL | options), outputs, channels, size).double()


def learnt(net, size=12, channels=2):
    """Move weights and batch norm away from where they begin."""
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    for _ in range(2):
        optimiser.zero_grad()
        net(torch.randn(8, channels, size, size, dtype=torch.float64)).square().mean().backward()
        optimiser.step()
    return net


@pytest.mark.parametrize(
    "options",
    [{}, {"pool": "mean"}, {"grid": 3}, {"norm": "none"}, {"hidden": 0}, {"pieces": 1}, {"depths": [1, 1, 1]}, {"width": 8, "grid": 2}],
)
def test_outputs_are_the_same_for_all_four_rotations(options):
    size = 11
    net = learnt(cyclic(size, **options), size).eval()
    images = torch.randn(5, 2, size, size, dtype=torch.float64)
    with torch.no_grad():
        plain, *turned = (net(torch.rot90(images, turns, (2, 3))) for turns in range(4))

    assert plain.std(0).min() > 1e-4
    for other in turned:
        torch.testing.assert_close(other, plain, rtol=1e-10, atol=1e-12)


def test_other_images_and_mirrored_ones_have_other_outputs():
    net = cyclic().eval()
    images = torch.randn(2, 2, 12, 12, dtype=torch.float64)
    outputs, mirrored = net(images), net(images.flip(3))

    assert not torch.allclose(outputs[0], outputs[1])
    assert not torch.allclose(outputs, mirrored)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(2, 5), st.integers(0, 3))
def test_the_roll_of_a_turned_image_is_the_roll_with_its_paths_in_another_order(count, channels, size, turns):
    images = torch.randn(count, channels, size, size)
    net = torch.nn.Sequential(CyclicSlice(), CyclicRoll())
    plain = net(images).unflatten(0, (count, 4))
    turned = net(torch.rot90(images, turns, (2, 3))).unflatten(0, (count, 4))

    assert torch.equal(turned, plain.roll(-turns, 1))


def test_a_rolled_path_begins_with_its_own_maps_and_turns_the_others_back():
    maps = torch.arange(4.0)[:, None, None, None] + torch.rot90(torch.arange(4.0).reshape(1, 1, 2, 2) / 10, 0, (2, 3))
    rolled = CyclicRoll()(maps)

    assert torch.equal(rolled[0, 0], maps[0, 0])
    assert torch.equal(rolled[1, 3], torch.rot90(maps[0, 0], -3))


def test_pools_and_maxout_do_what_they_say():
    assert torch.equal(CyclicPool("mean")(torch.tensor([[1.0], [2.0], [3.0], [6.0]])), torch.tensor([[3.0]]))
    torch.testing.assert_close(CyclicPool("rms")(torch.tensor([[1.0], [1.0], [1.0], [5.0]])), torch.tensor([[7.0]]).sqrt())
    torch.testing.assert_close(RmsPool()(torch.tensor([[[[3.0, -4.0]]]])), torch.tensor([[12.5]]).sqrt())
    assert torch.equal(Maxout(2)(torch.tensor([[1.0, 5.0, -2.0, -3.0]])), torch.tensor([[5.0, -2.0]]))


def test_the_gradient_is_finite_where_a_pool_sees_only_zeros():
    zeros = torch.zeros(4, 2, requires_grad=True)
    CyclicPool("rms")(zeros).sum().backward()

    assert torch.isfinite(zeros.grad).all()


def test_the_winners_size_fits():
    with torch.device("meta"):
        net = build_net(Net(name="cyclic", options={"grid": 6}), 121, 1, 96)

    assert net(torch.empty(2, 1, 96, 96, device="meta")).shape == (2, 121)
    assert net.body.dense[1].in_features == 4 * 128 * 6 * 6


@pytest.mark.parametrize("options", [{"depths": [1] * 4}, {"depths": []}, {"norm": "layer"}, {"pool": "max"}])
def test_a_cyclic_net_that_cannot_be_is_refused(options):
    with pytest.raises(RecipeInvalid, match="expected"):
        cyclic(**options)


def test_an_image_that_is_not_square_is_refused():
    with pytest.raises(DataInvalid, match="square images for a cyclic net, got 12 x 8"):
        cyclic()(torch.zeros(1, 2, 12, 8, dtype=torch.float64))
