"""Quarter turns and flips: pixels move and none is mixed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pipelines.chances import Ints
from pipelines.transfer import sent


def turned(images: Tensor, elements: Ints) -> Tensor:
    """Return each image (n, c, h, w) after its own element of D4, of the kind they came: bytes are turned faster than floats.

    elements: (n,), 0-3 for quarter turns, 4-7 for the same after a flip left to right; turns of an odd number need square images.
    """
    if not elements.any():
        return images
    groups = [np.flatnonzero(elements == element) for element in range(8)]
    parts = [
        turned_all(_countable(images).index_select(0, sent(rows, images.device)), element)
        for element, rows in enumerate(groups)
        if len(rows)
    ]
    # whole images are joined and put in order: writing each group in its places takes three times as long
    joined = torch.cat(parts)
    return joined.index_select(0, sent(np.argsort(np.concatenate(groups)), images.device)).view(images.dtype)


def turned_all(images: Tensor, element: int) -> Tensor:
    """Return images (..., h, w), all after one element of D4."""
    source = _countable(images)
    flipped = source.flip(-1) if element >= 4 else source
    return torch.rot90(flipped, element % 4, (-2, -1)).view(images.dtype)


def turned_back(maps: Tensor, element: int) -> Tensor:
    """Return maps (..., h, w) as they were before one element of D4."""
    turned = torch.rot90(maps, -(element % 4), (-2, -1))
    return turned.flip(-1) if element >= 4 else turned


def _countable(images: Tensor) -> Tensor:
    """Return uint16, which torch can hardly move, as int16 of the same bits."""
    return images.view(torch.int16) if images.dtype == torch.uint16 else images
