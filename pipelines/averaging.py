"""Averages of weights: a running one that forgets, and a plain one over epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from pipelines.errors import CheckpointDamaged

Weights = dict[str, Tensor]
WARM_UP_STEPS = 10


def copy_weights(weights: Mapping[str, Tensor]) -> Weights:
    """Return a copy of all parameters and buffers by name."""
    return {name: tensor.detach().clone() for name, tensor in weights.items()}


@torch.no_grad()
def write_weights(target: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    """Copy weights into others in place; raise CheckpointDamaged if names or shapes differ."""
    odd = sorted(target.keys() ^ weights.keys()) or [name for name in target if target[name].shape != weights[name].shape]
    if odd:
        raise CheckpointDamaged(f"expected weights of {len(target)} names and their shapes, got a difference at {', '.join(odd[:5])}")
    for name, tensor in target.items():
        tensor.copy_(weights[name])


@torch.no_grad()
def follow(shadow: Weights, now: Mapping[str, Tensor], keep: float, step: int) -> None:
    """Move a running average towards the weights of now: shadow = keep * shadow + (1 - keep) * now, without waiting for the device.

    keep: how much stays; in the first steps less of it, (1 + step) / (10 + step), so that the random start is soon forgotten.
    Whole numbers (such as batch norm's counter) are copied.
    """
    keep = min(keep, (1 + step) / (WARM_UP_STEPS + step))
    moving = [name for name in shadow if shadow[name].is_floating_point()]
    torch._foreach_lerp_([shadow[name] for name in moving], [now[name] for name in moving], 1 - keep)
    for name in shadow.keys() - set(moving):
        shadow[name].copy_(now[name])


@torch.no_grad()
def add_to_mean(mean: Weights, now: Mapping[str, Tensor], count: int) -> None:
    """Take these weights as the count-th member of a plain mean, in place; count from 1."""
    for name, tensor in mean.items():
        if tensor.is_floating_point():
            tensor.lerp_(now[name], 1 / count)
        else:
            tensor.copy_(now[name])


def mean_weights(members: Iterable[Mapping[str, Tensor]]) -> Weights:
    """Return the plain mean of several nets' weights, summed in float64; whole numbers are the last one's."""
    every = list(members)
    return {
        name: torch.stack([one[name].double() for one in every]).mean(0).to(tensor.dtype) if tensor.is_floating_point() else tensor.clone()
        for name, tensor in every[-1].items()
    }


@torch.no_grad()
def refresh_batch_norm(net: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> None:
    """Measure batch norm's mean and variance anew, as averaged weights need.

    batches: what the net is called with. A net without batch norm is left alone, and no batch is drawn.
    Source: Izmailov et al. (2018), Averaging Weights Leads to Wider Optima and Better Generalization.
    """
    norms = [part for part in net.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.track_running_stats]
    if not norms:
        return
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    net.train()
    for batch in batches:
        net(*batch)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
