"""What training makes small: one value a row, from raw outputs and targets that may be soft."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS = ("binary", "multiclass", "multilabel", "regression")
SINGLE = (BINARY, REGRESSION)
"""Tasks whose predictions have one column."""
LEAST_PROBABILITY = 1e-6

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) -> losses (n,)."""


def cross_entropy_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the cross entropy of each row, (n,). outputs: (n, C) before softmax; targets: classes (n,) or shares (n, C)."""
    return functional.cross_entropy(outputs, targets, reduction="none")


def binary_cross_entropy_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross entropy of each row's labels, (n,). outputs: (n,) or (n, L) before sigmoid; targets: the same shape, 0 to 1."""
    return _by_row(functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none"))


def squared_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the squared error of each row, (n,)."""
    return _by_row((outputs - targets).square())


def absolute_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the absolute error of each row, (n,)."""
    return _by_row((outputs - targets).abs())


def huber_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return half the squared error below an error of 1, and the absolute error less a half above, (n,)."""
    return _by_row(functional.huber_loss(outputs, targets, reduction="none"))


def focal_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the binary cross entropy with what is already right weighed down by the squared error (Lin et al. 2017), (n,)."""
    losses = functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return _by_row(losses * (outputs.sigmoid() - targets).square())


def _by_row(cells: Tensor) -> Tensor:
    return cells.flatten(1).mean(1) if cells.ndim > 1 else cells


def loss_named(name: str, task: str) -> Loss:
    """Return the loss of this name, or the task's own where there is none; raise RecipeInvalid if it is unknown or does not fit."""
    fitting = LOSSES[task]
    if name and name not in fitting:
        raise RecipeInvalid(f"expected a loss for a {task} task, got {name!r}{hint(name, fitting)}")
    return fitting[name or next(iter(fitting))]


def columns(outputs: Tensor, task: str) -> Tensor:
    """Return a net's outputs (n, C) in the shape of the task's targets: (n,) where there is one column."""
    return outputs.squeeze(1) if task in SINGLE else outputs


def probabilities(outputs: Tensor, task: str) -> Tensor:
    """Return what a net's raw outputs say, float32: shares (n, C), probabilities (n,) or (n, L), or values (n,)."""
    outputs = outputs.float()
    if task == MULTICLASS:
        return outputs.softmax(1)
    return outputs if task == REGRESSION else outputs.sigmoid()


def distillation_loss(outputs: Tensor, taught: Tensor, task: str, temperature: float) -> Tensor:
    """Return how far each row is from the teacher's, both softened, (n,).

    outputs: raw, (n, C), (n, L) or (n,); taught: the teacher's probabilities or values of the same shape.
    The squared temperature keeps the gradient's size. Source: Hinton, Vinyals & Dean (2015), Distilling the Knowledge in a Neural Network.

    >>> equal = Tensor([[0.0, 0.0]])
    >>> round(distillation_loss(equal, Tensor([[0.5, 0.5]]), "multiclass", 2.0).item(), 4)  # 4 log 2
    2.7726
    """
    if task == REGRESSION:
        return squared_loss(outputs, taught)
    taught = taught.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    if task == MULTICLASS:
        return temperature**2 * cross_entropy_loss(outputs / temperature, (taught.log() / temperature).softmax(1))
    return temperature**2 * binary_cross_entropy_loss(outputs / temperature, (taught.logit() / temperature).sigmoid())


LOSSES: dict[str, dict[str, Loss]] = {
    BINARY: {"binary_cross_entropy_loss": binary_cross_entropy_loss, "focal_loss": focal_loss},
    MULTICLASS: {"cross_entropy_loss": cross_entropy_loss},
    MULTILABEL: {"binary_cross_entropy_loss": binary_cross_entropy_loss, "focal_loss": focal_loss},
    REGRESSION: {"squared_loss": squared_loss, "absolute_loss": absolute_loss, "huber_loss": huber_loss},
}
"""Task -> name -> loss; a task's first is its own."""
