"""ONNX nets with 8-bit weights and activations, by ONNX Runtime's static quantisation."""

from __future__ import annotations

import logging
import platform
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pipelines.packages import load

CPU_INFO = Path("/proc/cpuinfo")
WEIGHTY = ("Conv", "ConvTranspose", "Gemm", "MatMul")
DOT_PRODUCTS = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp")
"""Instructions that add products of 8-bit numbers in 32 bits. Without one the sums of two products saturate at 16 bits."""

Batch = Mapping[str, npt.NDArray[Any]]


def quantise(source: Path, target: Path, batches: Iterable[Batch]) -> None:
    """Write a copy of an ONNX net that computes in 8 bits: weights by output channel, activations by the ranges met in the batches.

    The last layer with weights and all after it stay in floats: 8 bits of a logit would cost more than they save.
    Where this CPU has no dot product of 8-bit numbers, weights get 7 bits, so that nothing saturates.
    batches: what the net is fed, by input name: images of training folds. Raises PackageMissing without onnx or onnxruntime.
    """
    onnx = load("onnx", "quantise ONNX")
    quantization = load("onnxruntime.quantization", "quantise ONNX", "onnxruntime")
    shapes = load("onnxruntime.quantization.shape_inference", "quantise ONNX", "onnxruntime")
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        shapes.quant_pre_process(source, prepared, skip_symbolic_shape=True)
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)  # ONNX Runtime tells everybody's log that it quantises
        try:
            quantization.quantize_static(
                prepared,
                target,
                _Reader(batches),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=True,
                reduce_range=not dot_products(),
                nodes_to_exclude=last_nodes(onnx.load(prepared).graph),
            )
        finally:
            logging.root.setLevel(level)


class _Reader:
    """Batches as ONNX Runtime asks for them."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.left: Iterator[Batch] = iter(batches)

    def get_next(self) -> Batch | None:
        return next(self.left, None)


def last_nodes(graph: Any) -> list[str]:
    """Return the names of the nodes after which no layer with weights comes: a net's head and what follows it."""
    leads: set[str] = set()
    """Names of values from which a layer with weights is reached."""
    last = []
    for node in reversed(graph.node):
        if not leads.intersection(node.output):
            last.append(node.name)
        if node.op_type in WEIGHTY or leads.intersection(node.output):
            leads.update(node.input)
    return last


def dot_products() -> tuple[str, ...]:
    """Return this CPU's instructions for dot products of 8-bit numbers; empty also where it cannot be told."""
    try:
        text = CPU_INFO.read_text()
    except OSError:
        return ()
    flags = {flag for line in text.splitlines() if line.startswith(("flags", "Features")) for flag in line.partition(":")[2].split()}
    return tuple(name for name in DOT_PRODUCTS if name in flags)


def processor() -> str:
    """Say what this CPU has for 8-bit arithmetic.

    >>> processor().startswith(platform.machine())
    True
    """
    found = dot_products()
    return f"{platform.machine()}, {' and '.join(found) if found else 'no 8-bit dot product (no VNNI), so 7-bit weights'}"
