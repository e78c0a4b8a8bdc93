"""Where a training stands: all that changes while it runs, and how it goes to disk and comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pipelines.averaging import Weights, copy_weights, write_weights
from pipelines.checkpoints import Checkpoint
from pipelines.phases import Stretch
from pipelines.snapshots import Snapshot
from pipelines.steps import Learner

Entry = dict[str, Any]
"""One line of metrics.jsonl."""


@dataclass
class Standing:
    """Of the nets of one or more folds that train together."""

    histories: list[list[Entry]]
    """Of each fold: what was recorded."""
    phase: int = 0
    step: int = 0
    """Steps of the phase that have passed."""
    parts: int = 1
    """Into how many a batch is cut so that it fits into memory."""
    serial: int = 0
    """Saves so far."""
    seconds: float = 0.0
    """Spent by all processes so far."""
    losses: Tensor = field(default_factory=lambda: torch.zeros(0))
    """Mean loss of each step of the phase, (folds, steps), on the device."""
    row_losses: Tensor | None = None
    """Last loss of each row, (folds, rows), where mining looks at it."""
    shadow: Weights | None = None
    """A running average of weights."""
    mean: Weights | None = None
    """A plain mean of weights."""
    counted: int = 0
    """Members of the mean."""

    def enter(self, stretch: Stretch, device: torch.device) -> None:
        """Stand at a phase's first step."""
        self.phase, self.step = stretch.index, 0
        self.parts = max(self.parts, stretch.phase.accumulate)
        self.losses = torch.zeros(len(self.histories), stretch.steps, device=device)


PLAIN = ("phase", "step", "parts", "serial", "seconds", "counted", "histories")
GROUPS = ("shadow", "mean")


def pack(standing: Standing, learner: Learner) -> Checkpoint:
    """Return all that has to be known to go on."""
    tensors: dict[str, Tensor] = {f"net/{name}": tensor for name, tensor in learner.weights().items()}
    for group in GROUPS:
        tensors |= {f"{group}/{name}": tensor for name, tensor in (getattr(standing, group) or {}).items()}
    tensors["losses"] = standing.losses
    if standing.row_losses is not None:
        tensors["row_losses"] = standing.row_losses
    remembered = learner.state()
    plain: dict[str, dict[str, Any]] = {}
    for index, values in remembered["optimiser"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser/{index}/{key}"] = value
            else:
                plain.setdefault(str(index), {})[key] = value
    state = {name: getattr(standing, name) for name in PLAIN} | {"optimiser": plain, "scaler": remembered["scaler"]}
    return Checkpoint(standing.serial, tensors, json.loads(json.dumps(state)))


def unpack(checkpoint: Checkpoint, standing: Standing, learner: Learner) -> None:
    """Take up what `pack` returned; the learner has begun the phase."""
    for name in PLAIN:
        setattr(standing, name, checkpoint.state[name])
    standing.serial = checkpoint.serial
    device = next(iter(learner.weights().values())).device
    write_weights(learner.weights(), _below("net", checkpoint.tensors))
    for group in GROUPS:
        weights = _below(group, checkpoint.tensors)
        setattr(standing, group, copy_weights({name: tensor.to(device) for name, tensor in weights.items()}) if weights else None)
    standing.losses = checkpoint.tensors["losses"].to(device)
    rows = checkpoint.tensors.get("row_losses")
    standing.row_losses = None if rows is None else rows.to(device)
    optimiser: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in checkpoint.state["optimiser"].items()}
    for name, tensor in _below("optimiser", checkpoint.tensors).items():
        index, key = name.split("/")
        optimiser.setdefault(int(index), {})[key] = tensor.clone()
    learner.restore({"optimiser": optimiser, "scaler": checkpoint.state["scaler"]})


def _below(group: str, tensors: Mapping[str, Tensor]) -> Weights:
    """Return the tensors of a group by their own names."""
    return {name.removeprefix(f"{group}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{group}/")}


def snapshots_of(history: Sequence[Entry]) -> list[Snapshot]:
    """Return what was judged, oldest first."""
    return [Snapshot(entry["name"], entry["judged"]) for entry in history if "name" in entry]
