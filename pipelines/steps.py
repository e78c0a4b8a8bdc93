"""One step of one net: forward, backward, update, without waiting for the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from pipelines.averaging import Weights
from pipelines.batches import Batch
from pipelines.errors import MemoryExhausted
from pipelines.losses import Loss, columns, distillation_loss, loss_named
from pipelines.nets.groups import parameter_groups, train_only
from pipelines.optimisers import make_optimiser
from pipelines.plan import computes_in
from pipelines.recipe import Phase

MOST_HALVINGS = 2
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


@dataclass(frozen=True)
class Objective:
    """What each row's loss is made of."""

    task: str
    loss: Loss
    share: float = 0.0
    """Of a teacher."""
    temperature: float = 1.0

    def __call__(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the losses (n,) of raw outputs (n, C)."""
        outputs = columns(outputs if outputs.dtype == torch.float64 else outputs.float(), self.task)
        losses = self.loss(outputs, batch.targets)
        if batch.taught is None:
            return losses
        return (1 - self.share) * losses + self.share * distillation_loss(outputs, batch.taught, self.task, self.temperature)


def objective_of(phase: Phase, task: str) -> Objective:
    """Return what a phase makes small."""
    loss = loss_named(phase.loss, task)
    return Objective(task, loss, phase.teacher.share, phase.teacher.temperature) if phase.teacher else Objective(task, loss)


class Learner(Protocol):
    """Nets of one or more folds that take their steps together."""

    net: nn.Module

    def weights(self) -> Weights:
        """Return the live parameters and buffers."""

    def of_fold(self, weights: Weights, place: int) -> Weights:
        """Return one fold's part of weights."""

    def begin(self, phase: Phase) -> None:
        """Make ready for a phase: what trains, and a new optimiser."""

    def step(self, batches: Sequence[Batch], rate: float, parts: int) -> Tensor:
        """Learn from a batch a fold, cut into so many parts; return the losses (folds, n) on the device."""

    def resume_training(self) -> None:
        """Put the net back into training mode, after it was judged."""

    def state(self) -> dict[str, Any]:
        """Return what the optimiser remembers."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""


class OneNet:
    """One fold's net."""

    def __init__(self, net: nn.Module, task: str, device: torch.device, channels_last: bool = False, compiled: str = "") -> None:
        """Train this net, which is on the device. compiled: a mode of torch.compile."""
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.net = net.to(memory_format=self.format)  # type: ignore[call-overload]
        self.task, self.device = task, device
        self.forward: Callable[..., Tensor] = torch.compile(self.net, mode=compiled) if compiled else self.net
        self.names = dict(self.net.named_parameters())

    def weights(self) -> Weights:
        """Return the live parameters and buffers."""
        return dict(self.net.state_dict())

    def of_fold(self, weights: Weights, place: int) -> Weights:  # noqa: ARG002 - there is one fold
        """Return the weights themselves."""
        return weights

    def begin(self, phase: Phase) -> None:
        """Make ready for a phase."""
        self.objective, self.phase = objective_of(phase, self.task), phase
        train_only(self.net, phase.trains)
        self.groups = parameter_groups(self.net, phase.trains, phase.optimiser.decay, phase.optimiser.decay_bias_and_norm)
        self.trained = [parameter for group in self.groups for parameter in group["params"]]
        self.optimiser = make_optimiser(phase.optimiser, self.groups, phase.schedule.rate)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=computes_in(phase.precision, self.device) == "fp16")

    def resume_training(self) -> None:
        """Put the net back into training mode, after it was judged."""
        train_only(self.net, self.phase.trains)

    def step(self, batches: Sequence[Batch], rate: float, parts: int) -> Tensor:
        """Learn from one batch; return the losses (1, n). Only fp16 reads something back: whether a gradient overflowed."""
        (batch,) = batches
        set_rate(self.optimiser, rate)
        self.optimiser.zero_grad(set_to_none=True)
        count = len(batch.images)
        losses = []
        for start, stop in cuts(count, parts):
            part = batch.part(start, stop)
            with autocast(self.phase.precision, self.device):
                outputs = self.forward(*inputs(part, self.format))
            rows = self.objective(outputs, part)
            self.scaler.scale(rows.sum() / count).backward()  # type: ignore[no-untyped-call]
            losses.append(rows.detach())
        if self.phase.clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.trained, self.phase.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return torch.cat(losses)[None]

    def state(self) -> dict[str, Any]:
        """Return what the optimiser and the loss scale remember."""
        return {"optimiser": self.optimiser.state_dict()["state"], "scaler": self.scaler.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned; rates and decay stand in the recipe."""
        load_optimiser(self.optimiser, state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give all groups one rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[int, Any]) -> None:
    """Give an optimiser what another remembered of the same parameters."""
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def cuts(count: int, parts: int) -> list[tuple[int, int]]:
    """Return where a batch is cut into at most so many parts of nearly one size.

    >>> cuts(5, 2), cuts(1, 4)
    ([(0, 3), (3, 5)], [(0, 1)])
    """
    size = -(-count // parts)
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def inputs(batch: Batch, memory: torch.memory_format) -> tuple[Tensor, ...]:
    """Return what a net is called with."""
    images = batch.images.contiguous(memory_format=memory)
    return (images,) if batch.features is None else (images, batch.features)


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Compute in half precision where it is asked for and the device can; weights and losses stay float32."""
    precision = computes_in(precision, device)
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16 if precision == "bf16" else torch.float16)


def is_memory_exhausted(error: RuntimeError) -> bool:
    """Tell whether memory ran out: on a GPU an error of its own, on a CPU a sentence."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


def step_within_memory(
    learner: Learner, batches: Sequence[Batch], rate: float, parts: int, most: int, seed: Callable[[], None]
) -> tuple[Tensor, int]:
    """Take a step, and halve what is computed at once as long as memory runs out and no more than `most` parts are made.

    seed: called before each attempt, so that the last one draws what it would have drawn alone.
    Returns the losses (folds, n) and the number of parts that fitted. Raises MemoryExhausted.
    """
    while True:
        seed()
        try:
            return learner.step(batches, rate, parts), parts
        except RuntimeError as error:
            if not is_memory_exhausted(error):
                raise
            if parts * 2 > most:
                size = -(-len(batches[0].images) // parts)
                raise MemoryExhausted(f"expected {size} images at a time to fit into memory, got: {str(error)[:200]}") from error
            parts *= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
