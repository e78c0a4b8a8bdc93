"""Pretrained weights from a local file: found, read without running code from it, and fitted to a net."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from pipelines.errors import WeightsMismatch, WeightsMissing

FOLDER_VARIABLE = "STACKYARD_WEIGHTS"
WRAPPERS = ("state_dict_ema", "state_dict", "model")
"""Keys under which training programs put the weights beside their optimiser."""
COUNTER = "num_batches_tracked"
"""Older files lack it, and nothing here reads it."""
MOST_NAMED = 4

State = dict[str, Tensor]


def find_weights(name: str, folder: str | Path = "") -> Path:
    """Return the file: a whole path, beside the recipe (`folder`), or in the folder that STACKYARD_WEIGHTS names.

    Raises WeightsMissing and says where it looked.
    """
    folders = [Path(folder), *(Path(place) for place in [os.environ.get(FOLDER_VARIABLE, "")] if place)]
    places = [place / name for place in folders]
    for place in places:
        if place.is_file():
            return place
    raise WeightsMissing(f"expected weights at {' or '.join(map(str, places))}, got no file ({FOLDER_VARIABLE} names a further folder)")


def weights_digest(path: Path) -> str:
    """Return the SHA-256 of the file, for the run's record."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_weights(path: Path) -> State:
    """Return the tensors of a .safetensors file, or of one that torch saved; no code in it is run. Raises WeightsMismatch if unreadable."""
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsMismatch(f"expected weights at {path}, got what cannot be read: {error}") from error
    for key in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsMismatch(f"expected tensors by name at {path}, got {type(content).__name__}")
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def load_weights(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put weights into a net; a head of another shape stays random, and the first convolution is brought to the net's channels.

    state: names as in `net.state_dict()`. Raises WeightsMismatch for a body that lacks weights, has others, or has other shapes.
    """
    wanted = net.state_dict()
    given = {name: _fit_channels(value, wanted[name]) if name in wanted else value for name, value in state.items()}
    head = {name for name in set(wanted) | set(given) if name.startswith("head.")}
    replaced = {name for name in head if name not in given or name not in wanted or given[name].shape != wanted[name].shape}
    given = {name: value for name, value in given.items() if name not in replaced}
    wrong = {
        "missing": [name for name in wanted if name not in given and name not in replaced and not name.endswith(COUNTER)],
        "unknown": [name for name in given if name not in wanted and not name.endswith(COUNTER)],
        "of another shape": [name for name in given if name in wanted and given[name].shape != wanted[name].shape],
    }
    if any(wrong.values()):
        raise WeightsMismatch(f"expected the weights of this net, got a file with {_describe(wrong)}")
    net.load_state_dict(given, strict=False)


def _fit_channels(weight: Tensor, wanted: Tensor) -> Tensor:
    """Return a first convolution's weights for other channels: summed for one, else repeated and scaled so that the sums stay alike."""
    if weight.ndim != 4 or wanted.ndim != 4 or weight.shape[1] != 3 or weight.shape[1] == wanted.shape[1]:
        return weight
    if (weight.shape[0], *weight.shape[2:]) != (wanted.shape[0], *wanted.shape[2:]):
        return weight
    channels = wanted.shape[1]
    if channels == 1:
        return weight.sum(1, keepdim=True)
    return weight[:, torch.arange(channels) % 3] * (3 / channels)


def _describe(wrong: Mapping[str, list[str]]) -> str:
    def few(names: list[str]) -> str:
        return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")

    return "; ".join(f"{len(names)} {kind} ({few(names)})" for kind, names in wrong.items() if names)
