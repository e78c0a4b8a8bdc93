"""Lets torchvision, and with it timm, be imported where its compiled half was built for another torch.

The registry's torchvision is linked to CUDA. Beside a CPU build of torch its library does not load, and `import torchvision` then fails on
an operator that was never defined. No net here uses those operators (they suppress overlapping boxes), so their names are declared instead.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache
def prepare_torchvision() -> torch.library.Library | None:
    """Make `import torchvision` possible; call before it. Return the declared operators, None where the library loads or is absent.

    The declarations live as long as what is returned, which is kept here.
    """
    spec = find_spec("torchvision")
    if "torchvision" in sys.modules or spec is None or not spec.submodule_search_locations:
        return None
    return declare_unless_loaded(Path(spec.submodule_search_locations[0]))


def declare_unless_loaded(folder: Path) -> torch.library.Library | None:
    """Load the compiled library of torchvision's folder, or declare its operators where that fails."""
    try:
        for library in folder.glob("_C*.so"):
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except OSError:
        declared = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in OPERATORS:
            declared.define(operator + SIGNATURE)  # type: ignore[no-untyped-call]
        return declared
    return None
