"""Targets and images made softer: one-hot rows, label smoothing, mixup."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pipelines.errors import DataInvalid
from pipelines.transfer import sent


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Return rows with a 1 at each label, float32 (n, classes), from int64 (n,)."""
    return torch.nn.functional.one_hot(labels, classes).to(torch.float32)


def smoothed(targets: Tensor, amount: float) -> Tensor:
    """Return the targets moved towards knowing nothing by a share, 0 to 1; rows that sum to 1 still do.

    targets: (n, classes) of one class a row: towards 1 / classes; otherwise, see `smoothed_labels`.
    Source: Szegedy et al. (2016), Rethinking the Inception architecture, section 7.

    >>> smoothed(torch.tensor([[0.0, 1.0]]), 0.5).tolist()
    [[0.25, 0.75]]
    """
    return targets * (1 - amount) + amount / targets.shape[1]


def smoothed_labels(targets: Tensor, amount: float) -> Tensor:
    """Return independent labels, (n,) or (n, labels), moved towards a half by a share, 0 to 1.

    >>> smoothed_labels(torch.tensor([0.0, 1.0]), 0.5).tolist()
    [0.25, 0.75]
    """
    return targets * (1 - amount) + amount / 2


def mixup(images: Tensor, targets: Tensor, alpha: float, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return each image mixed with another of the batch, and the targets in the same shares.

    images: float (n, c, h, w); targets: float (n, …), already soft or one-hot; integers are refused, since they cannot be mixed.
    alpha: of the Beta distribution of the shares; a pair's larger share is the image's own. 0 mixes nothing.
    generator: draws n shares and one order, on the CPU.
    Raises DataInvalid for targets that are not floats.
    Source: Zhang et al. (2018), mixup: Beyond empirical risk minimization.
    """
    if not targets.is_floating_point():
        raise DataInvalid(f"expected float targets to mix, such as one_hot makes, got {targets.dtype}")
    if not alpha:
        return images, targets
    drawn = generator.beta(alpha, alpha, len(images))
    others = sent(generator.permutation(len(images)), images.device)
    own = sent(np.maximum(drawn, 1 - drawn), images.device)
    return _mixed(images, others, own), _mixed(targets, others, own)


def _mixed(values: Tensor, others: Tensor, own: Tensor) -> Tensor:
    shares = own.view(-1, *[1] * (values.dim() - 1)).to(values.dtype)
    return torch.lerp(values.index_select(0, others), values, shares)
