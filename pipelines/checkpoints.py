"""A training's state on disk: whole or not there, two generations of it, each under a checksum."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipelines.errors import CheckpointDamaged

GENERATIONS = ("checkpoint-a.safetensors", "checkpoint-b.safetensors")
DIGEST_BYTES = 32
HEADER = "stackyard"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and everything else as JSON; `serial` counts the saves of one training."""

    serial: int
    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """The newest checkpoint that is whole, and what had to be passed over."""

    checkpoint: Checkpoint | None
    damaged: tuple[str, ...] = ()


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write over the older of the two generations, and return its path; a kill at any moment leaves one generation whole."""
    path = folder / GENERATIONS[checkpoint.serial % len(GENERATIONS)]
    write_tensors(path, checkpoint.tensors, {"serial": checkpoint.serial, "state": checkpoint.state})
    return path


def find_checkpoint(folder: Path) -> Found:
    """Return the newest whole checkpoint of a folder, none where there never was one.

    Raises CheckpointDamaged where files are there and none of them passes its checksum.
    """
    whole, damaged = [], []
    for path in (folder / name for name in GENERATIONS):
        if not path.exists():
            continue
        try:
            tensors, about = read_tensors(path)
            whole.append(Checkpoint(about["serial"], tensors, about["state"]))
        except CheckpointDamaged as error:
            damaged.append(error.detail)
    if damaged and not whole:
        raise CheckpointDamaged(f"no generation is whole: {'; '.join(damaged)}")
    return Found(max(whole, key=lambda one: one.serial, default=None), tuple(damaged))


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and JSON as one safetensors file that is either the old one or the new one, whatever happens.

    Tensors are written as they lie on the CPU, contiguous; the digest of all of it stands in the file's own header.
    """
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    text = json.dumps(dict(about), sort_keys=True)
    # one entry, since safetensors writes several in any order, and equal weights are to be equal files
    write_file(path, save(plain, {HEADER: f"{_digest(plain, text)} {text}"}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what `write_tensors` wrote; raise CheckpointDamaged if the file is cut, changed or not one of ours."""
    try:
        with safe_open(path, framework="pt") as file:
            found, _, text = (file.metadata() or {})[HEADER].partition(" ")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError) as error:
        raise CheckpointDamaged(f"expected a whole file at {path.name}, got: {error}") from error
    digest = _digest(tensors, text)
    if digest != found:
        raise CheckpointDamaged(f"expected {path.name} to have the digest {found[:12]}, got {digest[:12]}")
    about: dict[str, Any] = json.loads(text)
    return tensors, about


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """Return a digest of names, kinds, shapes, bytes and text; names are sorted, since a file keeps another order."""
    hasher = hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES)
    for name in sorted(tensors):
        tensor = tensors[name]
        hasher.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        hasher.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return hasher.hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Write beside the target, wait until the disk has it, and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
