"""Segmentation: a U-Net whose encoder is any net of timm with its pretrained weights, as in TernausNet (VGG11) and AlbuNet (ResNet-34).

It gives a mask an image, not a row of classes, so it is no net of a recipe (`registry.NETS`): a script of one's own trains it with
`pipelines.masks`.
Source: Ronneberger et al. (2015), U-Net; Iglovikov & Shvets (2018), TernausNet; Shvets et al. (2018), Automatic Instrument Segmentation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.nets.timm_nets import groups_of, make_body, translate
from pipelines.nets.weights import find_weights, load_weights, read_weights


class UNet(nn.Module):
    """Images (n, channels, h, w) to outputs (n, outputs, h, w) before the sigmoid or softmax of each pixel; any height and width will do.

    groups: the encoder's from the image on, then `decoder`, then `head`, each with the names of its parameters.
    """

    def __init__(self, encoder: Any, widths: list[int], outputs: int, width: int, dropout: float):
        super().__init__()
        self.encoder = encoder
        steps = [width * 2**level for level in range(len(widths) - 1)]
        below = [*steps[1:], widths[-1]]
        self.decoder = nn.ModuleList(Merge(before + skip, after) for before, skip, after in zip(below, widths[:-1], steps, strict=True))
        self.drop = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(width, outputs, 1)
        self.groups = {name: tuple(f"encoder.{parameter}" for parameter in names) for name, names in groups_of(encoder).items()}
        self.groups |= {"decoder": tuple(f"decoder.{name}" for name, _ in self.decoder.named_parameters())}
        self.groups |= {"head": ("head.weight", "head.bias")}

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs of each pixel."""
        *skips, maps = self.encoder.forward_intermediates(images, intermediates_only=True)
        for merge, skip in zip(reversed(self.decoder), reversed(skips), strict=True):
            maps = merge(maps, skip)
        return functional.interpolate(self.head(self.drop(maps)), size=images.shape[2:], mode="bilinear", align_corners=False)


class Merge(nn.Module):
    """Deep maps, brought to the size of the encoder's maps of that size and put beside them, through two convolutions."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        )

    def forward(self, maps: Tensor, skip: Tensor) -> Tensor:
        """Return maps (n, after, h, w) of the skip's height and width."""
        return cast(Tensor, self.layers(torch.cat([functional.interpolate(maps, size=skip.shape[2:], mode="nearest"), skip], 1)))


def build_unet(
    *,
    outputs: int,
    channels: int = 3,
    encoder: str = "resnet34",
    width: int = 32,
    dropout: float = 0.0,
    weights: str = "",
    folder: str | Path = "",
    **options: Any,
) -> UNet:
    """Return a U-Net on timm's net `encoder`: "vgg11" makes a TernausNet, "resnet34" an AlbuNet.

    width: maps of the finest merge, doubled in each coarser one. dropout: of whole maps before the head.
    weights: a local file of the encoder as a classifier (`find_weights`); its head is left out. options: what timm's builder takes.
    Raises RecipeInvalid for a name or an option that timm lacks, WeightsMissing and WeightsMismatch.
    """
    body = make_body(encoder, channels, options)
    if weights:
        _load_encoder(body, find_weights(weights, folder))
    # counts from the last: all of the maps that the encoder makes on its way down
    kept = body.prune_intermediate_layers(list(range(len(body.feature_info))), prune_norm=True, prune_head=True)
    return UNet(body, [body.feature_info[index]["num_chs"] for index in kept], outputs, width, dropout)


def _load_encoder(body: nn.Module, path: Path) -> None:
    named = translate(read_weights(path), body)
    load_weights(body, {name.removeprefix("body."): value for name, value in named.items() if name.startswith("body.")})
