"""How a run uses this machine. What it decides may change the last bits of the weights, so a run folder keeps it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import torch

from pipelines.errors import RecipeInvalid


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is chosen for speed."""

    device: str = "cpu"
    threads: int = 1
    channels_last: bool = False
    compiled: str = ""
    """A mode of torch.compile; "reduce-overhead" replays CUDA graphs; none: as it stands."""
    pixels_on_device: bool = False
    side_by_side: bool = False
    """All folds in one step."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the run folder keeps it."""
        return asdict(self)


def default_device() -> str:
    """Return the fastest kind of device that is there."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_plan(device: str = "", threads: int = 0, side_by_side: bool = False) -> Plan:
    """Return how to use this machine before anything is timed; what is given stays as it is."""
    device = device or default_device()
    on_gpu = device.startswith("cuda")
    return Plan(
        device=device, threads=threads or os.cpu_count() or 1, channels_last=on_gpu, pixels_on_device=on_gpu, side_by_side=side_by_side
    )


def computes_in(precision: str, device: torch.device) -> str:
    """Return the precision that a phase asking for this one computes in: fp32 on a processor that could only imitate half precision.

    Without instructions for it (AVX-512 or AMX, or Arm's own) a step in bf16 takes many times as long as in fp32.
    """
    if device.type != "cpu" or precision == "fp32" or has_instructions(precision):
        return precision
    return "fp32"


@cache
def has_instructions(precision: str) -> bool:
    """Tell whether this processor's kernels compute in bf16 or fp16 by themselves, as torch's library for it says."""
    ask = {"bf16": "_is_mkldnn_bf16_supported", "fp16": "_is_mkldnn_fp16_supported"}[precision]
    return bool(torch.backends.mkldnn.is_available() and getattr(torch.ops.mkldnn, ask)())  # type: ignore[no-untyped-call]


def apply(plan: Plan) -> torch.device:
    """Set this process up for a plan, and return its device: so many threads, and kernels that give the same bits each time.

    Raises RecipeInvalid for a device that is not there.
    """
    device = torch.device(plan.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RecipeInvalid(f"expected a device that is there, got {plan.device!r}")
    torch.set_num_threads(plan.threads)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    if device.type == "cuda":
        # cuBLAS needs a workspace of its own to add in one order
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_float32_matmul_precision("high")
        # kernels that add in any order are replaced where there are others; where there are none, resuming is as close as it can be
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return device
