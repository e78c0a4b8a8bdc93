"""The way from numpy on the CPU to a tensor on a device, without waiting for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def sent(values: NDArray[Any], device: torch.device) -> Tensor:
    """Return the values on a device, floats as float32.

    A copy from memory that may be swapped out would wait for the device's queue; torch keeps pinned memory for use again.
    """
    if values.dtype == np.float64:
        values = values.astype(np.float32)
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
