"""Batch augmentation against torchvision's, image by image, one thread on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array
from benchmarks.peer import PeerRun
from pipelines.affine import Frame
from pipelines.augment import augment
from pipelines.recipe import Augment
from pipelines.warp import warp

SIDE, BATCH, BATCHES = 64, 128, 4
WORK = f"{BATCHES * BATCH} colour images of {SIDE} px: turn, zoom, move, shear, flip, brightness, contrast, saturation"
AMOUNTS = {"rotation": 20.0, "offset": 0.1, "scale": (0.8, 1.25), "shear": 10.0}
COLOURS = {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}
FIXED = 16
"""Images that go through matrices that both sides share."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, as the peer's process does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def waves(count: int) -> Array:
    """Return made images (count, 3, SIDE, SIDE) uint8: slow waves and a little noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    phases = rng.random((3, count, 3, 1, 1)) * 6
    images = 128 + 90 * np.sin(phases[0] * x + phases[1] * y + phases[2]) + rng.normal(0, 4, (count, 3, SIDE, SIDE))
    return images.clip(0, 255).astype(np.uint8)


def augmented(images: torch.Tensor, spec: Augment) -> torch.Tensor:
    """Return all images after one augmentation, batch by batch, on one thread."""
    with one_thread():
        return torch.cat([augment(part, spec, np.random.default_rng(k)) for k, part in enumerate(images.split(BATCH))])


def make(tiny: bool) -> Case:
    """Both sides get the same kinds of operations, of the same amounts."""
    images = waves(FIXED if tiny else BATCHES * BATCH)
    spec = Augment(flip=True, **AMOUNTS, **COLOURS)  # type: ignore[arg-type]
    settings: dict[str, Any] = {**AMOUNTS, **COLOURS, "side": SIDE, "fixed": FIXED, "measured": len(images)}
    return Case(
        ours=partial(augmented, torch.from_numpy(images), spec),
        arrays={"images": images},
        touched_bytes=images.nbytes * 5,
        check=partial(check, images),
        data=f"{len(images)} made images of {SIDE} px in batches of {BATCH}; uint8 in, float32 out; one thread on both sides",
        settings=settings,
    )


def check(images: Array, ours: torch.Tensor, peer: PeerRun | None) -> Check:
    """Show that both resample alike where the matrices are the same, and change pixels by as much where they are drawn."""
    moved = float((ours - torch.from_numpy(images).float()).abs().mean())
    finite = ours.shape == images.shape and bool(torch.isfinite(ours).all()) and moved > 1
    if peer is None:
        return Check(finite, f"no reference but the peer; all pixels are finite and moved by {moved:.0f} of 255 on average")
    matrices = torch.from_numpy(np.array(peer.results["matrices"], np.float32))
    warped = warp(torch.from_numpy(images[:FIXED]).float(), matrices, Frame(SIDE, SIDE))
    theirs, inside = torch.from_numpy(np.array(peer.results["warped"])).float(), torch.from_numpy(np.array(peer.results["inside"]))
    # the peer rounds to whole numbers and mixes a little of what is outside into the outermost pixels
    away = float((warped - theirs).abs()[inside].max())
    by_peer, share = float(peer.results["moved"]), float(inside.float().mean())
    return Check(
        finite and away < 1 and 0.5 < moved / by_peer < 2,
        f"the same {FIXED} matrices give pixels at most {away:.2f} of 255 apart inside the images ({share:.0%} of pixels; else the peer "
        f"fills, ours mirrors); drawn changes move a pixel by {moved:.0f} on average, the peer's by {by_peer:.0f}",
    )
