"""Nets as ONNX files: from the pixels of one view to probabilities, with nothing of ours needed to run them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pipelines.losses import columns, probabilities
from pipelines.packages import load
from pipelines.tta import mean_of_views

Floats = npt.NDArray[np.float32]
IMAGES, FEATURES, PREDICTIONS = "images", "features", "predictions"
OPSET = 20


class Whole(nn.Module):
    """Nets that predict together, with what comes before and after them: pixels on the scale of the store to their mean prediction."""

    def __init__(self, nets: Sequence[nn.Module], normalise: Callable[[Tensor], Tensor], task: str, mean: str = "geometric"):
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.normalise, self.task, self.mean = normalise, task, mean

    def forward(self, images: Tensor, features: Tensor | None = None) -> Tensor:
        """Return probabilities or values, (n, C) or (n,), of images (n, c, size, size) and features (n, f)."""
        ready = self.normalise(images)
        more = () if features is None else (features,)
        said = [probabilities(columns(net(ready, *more), self.task), self.task) for net in self.nets]
        return said[0] if len(said) == 1 else mean_of_views(torch.stack(said), self.task, self.mean)


def write_onnx(whole: Whole, images: Tensor, features: Tensor | None, path: Path) -> None:
    """Write the nets as one ONNX file that takes any number of images like these.

    images: float32 (n, c, size, size), n at least 2; features: float32 (n, f), where the nets take some.
    Raises PackageMissing where onnx or onnxscript is absent.
    """
    load("onnxscript", "write ONNX")
    given = {IMAGES: images} | ({} if features is None else {FEATURES: features})
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own insides
        torch.onnx.export(
            whole.cpu().eval(),
            tuple(given.values()),
            path,
            input_names=list(given),
            output_names=[PREDICTIONS],
            dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in given),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
            dynamo=True,
        )


class OnnxNet:
    """An ONNX file opened to predict, on the CPU."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Open it; raises PackageMissing where onnxruntime is absent."""
        runtime: Any = load("onnxruntime", "run ONNX")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def predict(self, images: Floats, features: Floats | None = None) -> Floats:
        """Return float32 (n, C) or (n,) of images (n, c, size, size) as the store has them, and features (n, f)."""
        given = {IMAGES: images} | ({} if features is None else {FEATURES: features})
        (said,) = self.session.run([PREDICTIONS], given)
        return np.asarray(said, np.float32)
