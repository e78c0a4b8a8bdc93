"""Masks: how far two agree, a loss that asks for that, and boxes drawn as masks where there is nothing finer to learn from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.errors import DataInvalid


def iou_scores(masks: Tensor, truth: Tensor) -> Tensor:
    """Return the intersection over the union of each pair of masks, float64 (n,); 1 where both are empty.

    masks, truth: bool (n, …) of one shape. Raises DataInvalid for other shapes or kinds.

    >>> iou_scores(torch.tensor([[True, True, False]]), torch.tensor([[False, True, True]])).tolist()
    [0.3333333333333333]
    """
    if masks.shape != truth.shape or masks.dtype != torch.bool or truth.dtype != torch.bool:
        raise DataInvalid(f"expected two bool masks of one shape, got {masks.dtype} {list(masks.shape)}, {truth.dtype} {list(truth.shape)}")
    both, either = (masks & truth).flatten(1).sum(1), (masks | truth).flatten(1).sum(1)
    return torch.where(either > 0, both.double() / either.clamp_min(1), 1.0)


def mask_loss(outputs: Tensor, truth: Tensor, share: float = 0.5) -> Tensor:
    """Return the loss of each image, (n,): cross entropy of its pixels, and minus the logarithm of the soft intersection over union.

    outputs: (n, …) before the sigmoid; truth: of the same shape, from 0 to 1. share: of the second part.
    Source: Iglovikov et al. (2017), Satellite Imagery Feature Detection using Deep Convolutional Neural Network, section 3.2.
    """
    outputs, truth = outputs.flatten(1), truth.flatten(1).to(outputs.dtype)
    entropy = functional.binary_cross_entropy_with_logits(outputs, truth, reduction="none").mean(1)
    inside = outputs.sigmoid()
    both = (inside * truth).sum(1)
    either = inside.sum(1) + truth.sum(1) - both
    return (1 - share) * entropy - share * torch.log((both + 1) / (either + 1))


def box_masks(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return each box as a mask, bool (n, height, width): true for pixels from left to right and top to bottom, the last two left out.

    boxes: (n, 4), in pixels: left, top, right, bottom; what lies outside the image is cut off.

    >>> box_masks(torch.tensor([[1, 0, 3, 1]]), 2, 3).int().tolist()
    [[[0, 1, 1], [0, 0, 0]]]
    """
    left, top, right, bottom = (edge[:, None] for edge in boxes.unbind(1))
    rows, columns = torch.arange(height, device=boxes.device), torch.arange(width, device=boxes.device)
    return ((rows >= top) & (rows < bottom))[:, :, None] & ((columns >= left) & (columns < right))[:, None, :]


def boxes_of(masks: Tensor) -> Tensor:
    """Return the box around what is true in each mask, int64 (n, 4) as `box_masks` takes it; zeros for an empty mask.

    masks: bool (n, height, width).

    >>> boxes_of(torch.tensor([[[False, True, True], [False, False, False]]])).tolist()
    [[1, 0, 3, 1]]
    """
    edges = []
    for length, other in ((masks.shape[2], 1), (masks.shape[1], 2)):
        seen = masks.any(other).long()
        first = seen.argmax(1)
        edges.append((first, torch.where(seen.any(1), length - seen.flip(1).argmax(1), 0)))
    (left, right), (top, bottom) = edges
    return torch.stack([left, top, right, bottom], 1)
