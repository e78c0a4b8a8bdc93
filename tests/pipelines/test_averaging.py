"""Averages of weights, held to sums by hand."""

import pytest
import torch
from torch import nn

from pipelines.averaging import add_to_mean, copy_weights, follow, mean_weights, refresh_batch_norm, write_weights
from pipelines.errors import CheckpointDamaged


def net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_a_running_average_keeps_its_share():
    first, second = net(0), net(1)
    shadow = copy_weights(first.state_dict())
    follow(shadow, second.state_dict(), keep=0.9, step=10**6)
    expected = 0.9 * first[0].weight + 0.1 * second[0].weight

    torch.testing.assert_close(shadow["0.weight"], expected.detach())


def test_a_running_average_soon_forgets_its_start():
    shadow = copy_weights(net(0).state_dict())
    for step in range(20):
        follow(shadow, net(1).state_dict(), keep=0.9999, step=step)

    assert (shadow["0.weight"] - net(1)[0].weight).abs().max() < 1e-3 * (net(0)[0].weight - net(1)[0].weight).abs().max()


def test_a_plain_mean_is_that_of_all_members_however_it_is_taken():
    nets = [net(seed) for seed in range(4)]
    running = copy_weights(nets[0].state_dict())
    for count, one in enumerate(nets[1:], 2):
        add_to_mean(running, one.state_dict(), count)
    whole = mean_weights([one.state_dict() for one in nets])
    expected = torch.stack([one[0].weight for one in nets]).mean(0).detach()

    torch.testing.assert_close(running["0.weight"], expected)
    torch.testing.assert_close(whole["0.weight"], expected)
    assert whole["1.num_batches_tracked"].dtype == torch.int64


def test_batch_norm_is_measured_anew():
    one = nn.Sequential(nn.BatchNorm2d(2, momentum=0.1))
    batches = [(torch.randn(8, 2, 3, 3) * 5 + 7,) for _ in range(3)]
    refresh_batch_norm(one, batches)
    expected = torch.stack([batch[0].mean((0, 2, 3)) for batch in batches]).mean(0)

    torch.testing.assert_close(one[0].running_mean, expected)
    assert one[0].momentum == 0.1


def test_a_net_without_batch_norm_draws_no_batch():
    def batches():
        raise AssertionError
        yield

    refresh_batch_norm(nn.Linear(2, 2), batches())


def test_weights_of_another_net_are_refused():
    with pytest.raises(CheckpointDamaged, match=r"0\.weight"):
        write_weights(net().state_dict(), nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)).state_dict())
    with pytest.raises(CheckpointDamaged, match=r"1\.bias"):
        write_weights(net().state_dict(), {"0.weight": torch.zeros(2, 1, 3, 3), "0.bias": torch.zeros(2)})
