"""What a net says of rows: any weights, any views, without touching the net that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call

from pipelines.batches import Pixels, Rows
from pipelines.errors import MemoryExhausted
from pipelines.losses import columns, probabilities
from pipelines.steps import autocast, is_memory_exhausted
from pipelines.stopping import Stopped, StopRequest
from pipelines.tta import View, predict_views

Array = npt.NDArray[Any]
BATCH = {"cpu": 128, "cuda": 1024}


@dataclass(frozen=True)
class Judge:
    """How rows are predicted on this device."""

    pixels: Pixels
    normalise: Callable[[Tensor], Tensor]
    features: Tensor | None
    """A line for each train row and then each test row."""
    task: str
    device: torch.device
    request: StopRequest
    batch: int = 0
    """Images at a time; 0: by the device."""
    channels_last: bool = False
    dtype: torch.dtype = torch.float32

    def predict(
        self,
        net: nn.Module,
        weights: Mapping[str, Tensor],
        rows: Rows,
        views: Sequence[View],
        mean: str = "geometric",
        precision: str = "fp32",
    ) -> Array:
        """Return probabilities or values float32, (n, C) or (n,), of a net with these weights; it is left in eval mode.

        rows: train rows, or from pixels.rows on test rows. views: at least one.
        Raises Stopped between two batches if somebody asked, MemoryExhausted if not even an eighth of a batch fits.
        """
        size = self.batch or BATCH.get(self.device.type, BATCH["cpu"])
        least = max(1, size // 8)
        net.eval()
        while True:
            try:
                return self._predict(net, weights, rows, views, mean, precision, size)
            except RuntimeError as error:
                if not is_memory_exhausted(error):
                    raise
                if size // 2 < least:
                    raise MemoryExhausted(f"expected {size} images at a time to fit into memory, got: {str(error)[:200]}") from error
                size //= 2

    @torch.inference_mode()
    def _predict(
        self, net: nn.Module, weights: Mapping[str, Tensor], rows: Rows, views: Sequence[View], mean: str, precision: str, size: int
    ) -> Array:
        said = []
        for start in range(0, len(rows), size):
            if self.request.asked:
                raise Stopped
            part = rows[start : start + size]
            more = () if self.features is None else (self.features[torch.from_numpy(part).to(self.device)],)

            def answer(images: Tensor, more: tuple[Tensor, ...] = more) -> Tensor:
                ready = self.normalise(images).to(self.dtype)
                if self.channels_last:
                    ready = ready.contiguous(memory_format=torch.channels_last)
                with autocast(precision, self.device):
                    outputs = cast(Tensor, functional_call(net, dict(weights), (ready, *more)))
                return probabilities(columns(outputs, self.task), self.task)

            images = self.pixels.take(part)
            if start + size < len(rows):
                self.pixels.expect(rows[start + size : start + 2 * size])
            said.append(predict_views(answer, images, views, self.task, mean))
        return torch.cat(said).cpu().numpy() if said else np.empty(0, np.float32)
