"""What an optimiser of a recipe does to weights."""

import pytest
import torch
from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nets.groups import parameter_groups
from pipelines.optimisers import OPTIMISERS, make_optimiser
from pipelines.recipe import Optimiser


def fitted(spec, rate=0.05, steps=150):
    """Fit a line and return the squared error left."""
    torch.manual_seed(0)
    inputs = torch.linspace(-1, 1, 32)[:, None]
    net = nn.Linear(1, 1)
    optimiser = make_optimiser(spec, parameter_groups(nn.Sequential(net), "all", spec.decay, spec.decay_bias_and_norm), rate)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (net(inputs) - (3 * inputs - 1)).square().mean()
        loss.backward()
        optimiser.step()
    return float(loss.detach())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_fits_a_line(name):
    assert fitted(Optimiser(name=name)) < 1e-2


def test_nesterov_takes_other_steps_than_plain_momentum():
    assert fitted(Optimiser(nesterov=True), steps=5) != fitted(Optimiser(), steps=5)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_decay_shrinks_weights_but_neither_bias_nor_norm(name):
    net = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    nn.init.ones_(net[0].weight)
    nn.init.ones_(net[0].bias)
    optimiser = make_optimiser(Optimiser(name=name, momentum=0), parameter_groups(net, "all", 0.1, decay_bias_and_norm=False), rate=0.1)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()

    assert (net[0].weight < 1).all()
    assert torch.equal(net[0].bias, torch.ones(2))
    assert torch.equal(net[1].weight, torch.ones(2))


def test_an_unknown_optimiser_is_refused_with_the_nearest():
    with pytest.raises(RecipeInvalid, match="did you mean adamw"):
        make_optimiser(Optimiser(name="adam_w"), [{"params": [nn.Parameter(torch.zeros(1))]}], 0.1)


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(RecipeInvalid, match="momentum above 0"):
        make_optimiser(Optimiser(nesterov=True, momentum=0), [{"params": [nn.Parameter(torch.zeros(1))]}], 0.1)
