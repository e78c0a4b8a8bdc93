"""torchvision's transforms v2, image by image on tensors: each image gets draws of its own, as training needs."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.peers.measured import Array, Measured, with_version
from benchmarks.timing import repeat
from pipelines.nets.torchvision_shim import prepare_torchvision

prepare_torchvision()
from torchvision.transforms import InterpolationMode, v2  # noqa: E402 - only after the line above can it be imported
from torchvision.transforms.functional import _get_inverse_affine_matrix  # noqa: E402

NAME = with_version("torchvision, transforms v2 an image", "torchvision")


def geometric(settings: dict[str, object]) -> list[torch.nn.Module]:
    moves = (settings["offset"], settings["offset"])
    options = {"translate": moves, "scale": settings["scale"], "shear": settings["shear"], "interpolation": InterpolationMode.BILINEAR}
    return [v2.RandomHorizontalFlip(), v2.RandomAffine(settings["rotation"], **options)]


def colours(settings: dict[str, object], **more: float) -> torch.nn.Module:
    return v2.ColorJitter(**{name: settings[name] for name in ("brightness", "contrast", "saturation")}, **more)


def seconds_of(images: torch.Tensor, steps: list[torch.nn.Module], budget_seconds: float) -> tuple[list[float], torch.Tensor]:
    change = v2.Compose([*steps, v2.ToDtype(torch.float32)])
    runs = repeat(lambda: torch.stack([change(image) for image in images]), budget_seconds)
    return runs.seconds, runs.result


def shared_matrices(settings: dict[str, object]) -> list[tuple[float, list[float], float, list[float]]]:
    """Return an angle, moves, a zoom and shears for each image whose matrix both sides use."""
    rng, side = np.random.default_rng(1), settings["side"]
    low, high = settings["scale"]
    return [
        (
            float(rng.uniform(-1, 1) * settings["rotation"]),
            [float(np.round(rng.uniform(-1, 1) * settings["offset"] * side)) for _ in range(2)],
            float(rng.uniform(low, high)),
            [float(rng.uniform(-1, 1) * settings["shear"]), 0.0],
        )
        for _ in range(settings["fixed"])
    ]


def warped(images: torch.Tensor, settings: dict[str, object]) -> dict[str, Array]:
    """Return chosen matrices from -1 to 1, the images through them, and the pixels that show none of what is outside."""
    shown, inside, matrices = [], [], []
    for image, (angle, moves, zoom, shears) in zip(images, shared_matrices(settings), strict=True):
        options = {"angle": angle, "translate": moves, "scale": zoom, "shear": shears, "interpolation": InterpolationMode.BILINEAR}
        shown.append(v2.functional.affine(image, **options))
        inside.append(v2.functional.affine(torch.full_like(image, 255), **options) == 255)
        matrix = np.array(_get_inverse_affine_matrix([0.0, 0.0], angle, moves, zoom, shears)).reshape(2, 3)
        matrix[:, 2] *= 2 / settings["side"]
        matrices.append(matrix)
    return {"warped": torch.stack(shown).numpy(), "inside": torch.stack(inside).numpy(), "matrices": np.stack(matrices)}


def measure(arrays: dict[str, Array], settings: dict[str, object]) -> Measured:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, budget = torch.from_numpy(np.array(arrays["images"])), settings["budget_seconds"]
    seconds, changed = seconds_of(images, [*geometric(settings), colours(settings)], budget)
    moved = np.array(float((changed - images.float()).abs().mean()))
    variants = {
        "geometry alone": min(seconds_of(images, geometric(settings), budget / 3)[0]),
        "with hue": min(seconds_of(images, [*geometric(settings), colours(settings, hue=0.05)], budget / 3)[0]),
    }
    results = {**warped(images[: settings["fixed"]], settings), "moved": moved}
    return Measured(seconds, results, 1.0, "The peer draws for each image, as ours does.", variants)
