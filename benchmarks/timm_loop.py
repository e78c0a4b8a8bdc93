"""One epoch as timm's train script has it: its dataset, loader, optimiser and meter, in its order."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.data import Array
from pipelines.nets.torchvision_shim import prepare_torchvision
from pipelines.recipe import Phase

prepare_torchvision()  # timm imports it
from timm.data import create_dataset, create_loader  # noqa: E402
from timm.optim import create_optimizer_v2  # noqa: E402
from timm.utils import AverageMeter  # noqa: E402

MEAN, DEVIATION = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
WORKERS = 8
LOG_EVERY = 50


def train_fold(net: nn.Module, images: Path, held: Array, side: int, phase: Phase, device: torch.device) -> tuple[float, float]:
    """Return the seconds of one epoch and its validation, loaders' start included, and the accuracy on the rows held out."""
    started = time.perf_counter()
    whole = create_dataset("", root=str(images))
    numbers = np.array([int(Path(path).stem) for path, _ in whole.reader.samples])
    net = net.to(device)
    optimiser = create_optimizer_v2(
        net, opt="sgd", lr=phase.schedule.rate, momentum=phase.optimiser.momentum, weight_decay=phase.optimiser.decay
    )
    learn, judge, meter = nn.CrossEntropyLoss().to(device), nn.CrossEntropyLoss().to(device), AverageMeter()
    net.train()
    for step, batch in enumerate(_loader(images, np.flatnonzero(~held[numbers]), side, phase, device, training=True)):
        inputs, targets = (part.to(device) for part in batch)
        with _autocast(phase, device):
            loss = learn(net(inputs), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % LOG_EVERY == 0:
            meter.update(loss.item(), len(inputs))
    right = total = 0
    net.eval()
    with torch.inference_mode():
        for batch in _loader(images, np.flatnonzero(held[numbers]), side, phase, device, training=False):
            inputs, targets = (part.to(device) for part in batch)
            with _autocast(phase, device):
                outputs = net(inputs)
            meter.update(judge(outputs, targets).item(), len(inputs))
            right, total = right + int((outputs.argmax(1) == targets).sum()), total + len(targets)
    return time.perf_counter() - started, right / max(total, 1)


def _autocast(phase: Phase, device: torch.device) -> Any:
    return nullcontext() if phase.precision == "fp32" else torch.autocast(device.type, torch.bfloat16)


def _loader(images: Path, rows: Array, side: int, phase: Phase, device: torch.device, training: bool) -> Any:
    """Return timm's loader over some rows, with its own random resized crop, flip and colour jitter for training."""
    dataset = create_dataset("", root=str(images), is_training=training)
    dataset.reader.samples = [dataset.reader.samples[row] for row in rows]
    return create_loader(
        dataset,
        input_size=(3, side, side),
        batch_size=phase.batch,
        is_training=training,
        use_prefetcher=device.type == "cuda",
        scale=(phase.augment.crop, 1.0),
        color_jitter=phase.augment.brightness,
        mean=MEAN,
        std=DEVIATION,
        num_workers=min(WORKERS, os.cpu_count() or 1) if device.type == "cuda" else 0,
        device=device,
    )
