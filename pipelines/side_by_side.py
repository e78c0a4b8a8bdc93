"""Nets of several folds in one step: their weights stacked, one kernel for all. Pays where nets are small and a GPU would idle."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from pipelines.averaging import Weights
from pipelines.batches import Batch
from pipelines.nets.groups import parameter_groups, train_only, trained_names
from pipelines.optimisers import make_optimiser
from pipelines.recipe import Phase, Recipe
from pipelines.steps import autocast, cuts, inputs, load_optimiser, objective_of, set_rate

TINY = 1e-6


def obstacle(recipe: Recipe) -> str:
    """Return why the folds of a recipe cannot stand side by side, or nothing: they share each step's rate and loss scale."""
    if any(phase.schedule.name == "plateau" for phase in recipe.phases):
        return "a plateau comes to each fold at its own time"
    if any(phase.precision == "fp16" for phase in recipe.phases):
        return "fp16 has a loss scale for each fold"
    return ""


class ManyNets:
    """The nets of several folds. Each learns exactly as it would alone, but for dropout, which draws other numbers."""

    def __init__(self, nets: Sequence[nn.Module], task: str, device: torch.device, channels_last: bool = False) -> None:
        """Stack these nets, which are on the device and differ in nothing but their weights."""
        self.net = copy.deepcopy(nets[0])
        for part in self.net.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.register_forward_pre_hook(_in_full_precision)
        self.task, self.device, self.count = task, device, len(nets)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        parameters, buffers = stack_module_state(cast(Any, list(nets)))
        self.parameters: Weights = {name: tensor.detach() for name, tensor in parameters.items()}
        self.buffers: Weights = dict(buffers)

    def weights(self) -> Weights:
        """Return the stacked parameters and buffers, (folds, …) each; a net's own order is not kept, its names are."""
        return self.parameters | self.buffers

    def of_fold(self, weights: Weights, place: int) -> Weights:
        """Return views of one fold's weights."""
        return {name: tensor[place] for name, tensor in weights.items()}

    def begin(self, phase: Phase) -> None:
        """Make ready for a phase: each fold's part of a stacked tensor is updated as it would be alone."""
        self.objective, self.phase = objective_of(phase, self.task), phase
        train_only(self.net, phase.trains)
        self.trained = trained_names(self.net, phase.trains)
        stacked = {id(parameter): self.parameters[name] for name, parameter in self.net.named_parameters()}
        groups = parameter_groups(self.net, phase.trains, phase.optimiser.decay, phase.optimiser.decay_bias_and_norm)
        moved = [group | {"params": [stacked[id(parameter)] for parameter in group["params"]]} for group in groups]
        self.optimiser = make_optimiser(phase.optimiser, moved, phase.schedule.rate)
        self.gradients = vmap(grad(self._losses, has_aux=True), randomness="different")

    def resume_training(self) -> None:
        """Put the net back into training mode, after it was judged."""
        train_only(self.net, self.phase.trains)

    def _losses(self, trained: Weights, others: Weights, buffers: Weights, parts: dict[str, Tensor], count: Tensor) -> Any:
        """Return one fold's mean loss, and as a by-product its rows'."""
        batch = Batch(**parts)
        with autocast(self.phase.precision, self.device):
            outputs = functional_call(self.net, (trained | others, buffers), inputs(batch, self.format))
        rows = self.objective(outputs, batch)
        return rows.sum() / count, rows

    def step(self, batches: Sequence[Batch], rate: float, parts: int) -> Tensor:
        """Learn from a batch a fold, all of one size; return the losses (folds, n)."""
        set_rate(self.optimiser, rate)
        count = len(batches[0].images)
        trained = {name: tensor for name, tensor in self.parameters.items() if name in self.trained}
        others = {name: tensor for name, tensor in self.parameters.items() if name not in self.trained}
        whole = torch.full((self.count,), float(count), device=self.device)
        losses, total = [], None
        for start, stop in cuts(count, parts):
            part = _stack([batch.part(start, stop) for batch in batches])
            found, rows = self.gradients(trained, others, self.buffers, part, whole)
            total = found if total is None else {name: total[name] + one for name, one in found.items()}
            losses.append(rows.detach())
        assert total is not None
        self._update(trained, total)
        return torch.cat(losses, 1)

    def _update(self, trained: Weights, gradients: Weights) -> None:
        if self.phase.clip:
            squares = [one.flatten(1).square().sum(1) for one in gradients.values()]
            scale = (self.phase.clip / (torch.stack(squares).sum(0).sqrt() + TINY)).clamp(max=1)
            gradients = {name: one * scale.view(-1, *[1] * (one.ndim - 1)) for name, one in gradients.items()}
        for name, tensor in trained.items():
            tensor.grad = gradients[name]
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """Return what the optimiser remembers."""
        return {"optimiser": self.optimiser.state_dict()["state"], "scaler": {}}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        load_optimiser(self.optimiser, state["optimiser"])


def _in_full_precision(part: nn.Module, values: tuple[Tensor, ...]) -> tuple[Tensor, ...]:  # noqa: ARG001 - a hook's form
    """Give batch norm float32: stacked, it cannot take half precision beside statistics of float32."""
    return tuple(value.float() if value.dtype in {torch.bfloat16, torch.float16} else value for value in values)


def _stack(batches: Sequence[Batch]) -> dict[str, Tensor]:
    """Return the parts that the batches have, (folds, n, …) each."""
    names = [item.name for item in fields(Batch) if getattr(batches[0], item.name) is not None]
    return {name: torch.stack([getattr(batch, name) for batch in batches]) for name in names}
