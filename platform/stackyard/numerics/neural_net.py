"""A small neural net on log odds, several seeds at once, on a fixed schedule: nothing about it depends on held-out rows.

The hidden layers correct a linear part, so that at worst the net is a logistic regression. Weight decay and dropout hold it
back; the mean of several seeds takes out most of what chance put in.

Source: AdamW: Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, ICLR; warm-up and cosine in one cycle: Smith and
Topin (2018), Super-Convergence; dropout: Srivastava et al. (2014), JMLR 15.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import Standard, are_many, beside_features, odds_to_probabilities, tree_rows, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup, stack_targets
from stackyard.numerics.metrics import MULTICLASS, REGRESSION

DEFAULTS: dict[str, Any] = {"hidden": 32, "dropout": 0.2, "decay": 0.1, "rate": 0.01, "seeds": 4, "steps": 600, "epochs": 20}
LIMITS = {"hidden": 1_024, "dropout": 0.9, "decay": 10.0, "rate": 0.1, "seeds": 64, "steps": 100_000, "epochs": 10_000}
SEEDS_OF_MANY = 2
"""The default where predictions are so many that summaries stand for them: of evidence so plain a further seed says little else."""
BATCH = 512
WARM_UP = 0.2
MASK_STARTS = 1 << 20


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: batches are too small to share, and a sum split over threads has other last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def masks_of(cells: int, dropout: float, generator: torch.Generator) -> Tensor:
    """Return one long list of dropout factors, 0 or 1 / (1 - dropout), of which every step takes a window of so many cells.

    Where the window starts is drawn afresh each time. Drawing every cell afresh would take a third of the training's time.
    """
    return (torch.rand(cells + MASK_STARTS, generator=generator) >= dropout) / (1.0 - dropout)


class Nets:
    """Nets of one shape, one a seed, trained side by side as one batch of matrices."""

    def __init__(self, features: int, columns: int, settings: dict[str, Any], generator: torch.Generator) -> None:
        """Start from random hidden layers and an output of zero."""
        seeds, hidden = settings["seeds"], settings["hidden"]
        self.generator = generator
        self.masks = masks_of(seeds * BATCH * hidden, settings["dropout"], generator) if settings["dropout"] > 0 else None

        def drawn(*shape: int) -> Tensor:
            return (torch.randn(*shape, generator=generator) / math.sqrt(shape[1])).requires_grad_()

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, requires_grad=True)

        self.layers = [(drawn(seeds, features, hidden), zeros(seeds, 1, hidden)), (drawn(seeds, hidden, hidden), zeros(seeds, 1, hidden))]
        self.output, self.linear, self.intercept = zeros(seeds, hidden, columns), zeros(seeds, features, columns), zeros(seeds, 1, columns)

    def optimiser(self, rate: float, decay: float) -> torch.optim.AdamW:
        """Return AdamW that decays weights and leaves intercepts alone."""
        weights = [weight for weight, _ in self.layers] + [self.output, self.linear]
        intercepts = [intercept for _, intercept in self.layers] + [self.intercept]
        groups = [{"params": weights, "weight_decay": decay}, {"params": intercepts, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=rate, fused=True)

    def __call__(self, features: Tensor, training: bool) -> Tensor:
        """Return log odds (seeds, rows, columns) for features (seeds, rows, features)."""
        hidden = features
        for weight, intercept in self.layers:
            hidden = torch.relu(torch.baddbmm(intercept, hidden, weight))
            if training and self.masks is not None:
                start = int(torch.randint(MASK_STARTS, (), generator=self.generator))
                hidden = hidden * self.masks[start : start + hidden.numel()].view(hidden.shape)
        return torch.baddbmm(self.intercept, hidden, self.output) + torch.bmm(features, self.linear)


def rate_at(position: float, peak: float) -> float:
    """Return the learning rate at a position from 0 to 1: up in a line, down along a cosine.

    >>> rate_at(0.2, 0.01), rate_at(1.0, 0.01)
    (0.01, 0.0)
    """
    if position < WARM_UP:
        return peak * position / WARM_UP
    return peak * 0.5 * (1.0 + math.cos(math.pi * (position - WARM_UP) / (1.0 - WARM_UP)))


def loss_of(outputs: Tensor, targets: Tensor, task: str) -> Tensor:
    """Return the task's loss, summed over seeds and columns, as a mean over rows."""
    if task == MULTICLASS:
        cells = -functional.log_softmax(outputs, dim=-1) * targets
    elif task == REGRESSION:
        cells = 0.5 * (outputs - targets) ** 2
    else:
        cells = functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return cells.sum() / outputs.shape[1]


def train(nets: Nets, features: Tensor, targets: Tensor, task: str, settings: dict[str, Any]) -> None:
    """Train every seed on its own shuffles. Batches grow with the rows, so that few rows see no more epochs than many."""
    rows = len(features)
    batch = min(rows, max(16, min(BATCH, rows // settings["epochs"])))
    steps = min(settings["steps"], math.ceil(settings["epochs"] * rows / batch))
    optimiser = nets.optimiser(settings["rate"], settings["decay"])
    order, place = torch.empty(0, dtype=torch.long), rows
    for step in range(steps):
        if place + batch > rows:
            shuffles = [torch.randperm(rows, generator=nets.generator) for _ in range(settings["seeds"])]
            order, place = torch.stack(shuffles), 0
        chosen = order[:, place : place + batch]
        place += batch
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step / steps, settings["rate"])
        optimiser.zero_grad()
        loss_of(nets(features[chosen], training=True), targets[chosen], task).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def fit_neural_net(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Train the nets on the log odds of all models in all columns; predict the mean of the seeds' probabilities (or values).

    Where the models are many, their summaries stand for them.
    """
    settings = {**DEFAULTS, **({"seeds": SEEDS_OF_MANY} if are_many(parts[0].source) else {}), **setup.settings}
    blocks = [beside_features(tree_rows(part, setup.task), part) for part in parts]
    standard = Standard.of(blocks)
    targets = stack_targets(parts)
    unit = Standard.of([targets]) if setup.task == REGRESSION else Standard(np.zeros(1), np.ones(1))
    generator = torch.Generator().manual_seed(setup.seed)
    nets = Nets(blocks[0].shape[1], targets.shape[1], settings, generator)
    features = torch.from_numpy(np.concatenate([standard.apply(block) for block in blocks]))
    with one_thread():
        train(nets, features, torch.from_numpy(unit.apply(targets)), setup.task, settings)

    def predict(part: FoldRows) -> Floats:
        inputs = torch.from_numpy(standard.apply(beside_features(tree_rows(part, setup.task), part)))
        with one_thread(), torch.no_grad():
            outputs = nets(inputs.expand(settings["seeds"], *inputs.shape), training=False).double().numpy()
        if setup.task == REGRESSION:
            return np.asarray(outputs.mean(axis=0) * unit.scale + unit.mean, np.float32)
        return within_evidence(odds_to_probabilities(outputs, setup.task).mean(axis=0), len(targets), setup.task)

    return RowsPredictor(predict)
