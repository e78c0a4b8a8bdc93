"""Which parts of a net a phase trains."""

import pytest
import torch
from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nets.groups import frozen_parts, group_names, parameter_groups, train_only
from pipelines.nets.registry import build_net
from pipelines.recipe import Net


@pytest.fixture
def net():
    torch.manual_seed(0)
    return build_net(Net(name="small_conv", options={"width": 4, "stages": 2}), outputs=3, channels=1, size=8)


def trained(groups):
    return {id(parameter) for group in groups for parameter in group["params"]}


def test_groups_cover_every_parameter_once_and_end_with_the_head(net):
    names = [name for group in group_names(net).values() for name in group]

    assert list(group_names(net)) == ["stage1", "stage2", "head"]
    assert sorted(names) == sorted(name for name, _ in net.named_parameters())


def test_the_head_alone_some_groups_or_all_can_be_trained(net):
    head = {id(parameter) for parameter in net.head.parameters()}
    second = {id(parameter) for parameter in net.body.stage2.parameters()}

    assert trained(parameter_groups(net, "head", 0.1, False)) == head
    assert trained(parameter_groups(net, ("stage2", "head"), 0.1, False)) == head | second
    assert trained(parameter_groups(net, "all", 0.1, False)) == {id(parameter) for parameter in net.parameters()}


def test_bias_and_norm_go_without_decay_unless_asked(net):
    with_decay, without = parameter_groups(net, "all", 0.1, decay_bias_and_norm=False)
    (everything,) = parameter_groups(net, "all", 0.1, decay_bias_and_norm=True)

    assert (with_decay["weight_decay"], without["weight_decay"], everything["weight_decay"]) == (0.1, 0.0, 0.1)
    assert {parameter.ndim for parameter in with_decay["params"]} == {2, 4}
    assert {parameter.ndim for parameter in without["params"]} == {1}


def test_frozen_parts_keep_their_batch_norm_while_the_head_learns(net):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    train_only(net, "head")
    optimiser = torch.optim.SGD(parameter_groups(net, "head", 0.0, False), lr=0.1)
    net(torch.randn(8, 1, 8, 8)).square().sum().backward()
    optimiser.step()
    after = net.state_dict()

    assert {name for name in after if not torch.equal(before[name], after[name])} == {"head.weight", "head.bias"}
    assert net.body.stage1[0].weight.grad is None


def test_a_trained_stage_moves_its_batch_norm_and_the_one_before_does_not(net):
    train_only(net, ("stage2", "head"))
    net(torch.randn(8, 1, 8, 8))

    assert frozen_parts(net, ("stage2", "head")) == [net.body.stage1]
    assert int(net.body.stage1[1].num_batches_tracked) == 0
    assert int(net.body.stage2[2].num_batches_tracked) == 1


def test_a_later_phase_thaws_everything(net):
    train_only(net, "head")
    train_only(net, "all")

    assert all(parameter.requires_grad for parameter in net.parameters())
    assert all(module.training for module in net.modules())
    assert frozen_parts(net, "all") == []


def test_a_net_that_says_nothing_of_groups_has_one_a_child_and_its_last_child_for_a_head():
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2, 3))

    assert group_names(plain) == {"0": ("0.weight", "0.bias"), "head": ("2.weight", "2.bias")}


def test_an_unknown_group_is_refused_with_the_nearest(net):
    with pytest.raises(RecipeInvalid, match="did you mean stage2"):
        parameter_groups(net, "stage22", 0.0, False)
