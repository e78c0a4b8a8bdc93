"""Losses: a value a row, soft targets alike, a teacher softened."""

import pytest
import torch

from pipelines.errors import RecipeInvalid
from pipelines.losses import LOSSES, TASKS, distillation_loss, loss_named, probabilities

SHAPES = {"binary": (6,), "multiclass": (6, 3), "multilabel": (6, 3), "regression": (6,)}


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in TASKS for name in LOSSES[task]])
def test_each_gives_one_value_a_row_that_falls_towards_the_target(task, name):
    targets = torch.rand(SHAPES[task], generator=torch.Generator().manual_seed(0)).round()
    if task == "multiclass":
        targets = torch.eye(3)[torch.arange(6) % 3]
    far = 1 - targets
    near = targets * 0.9 + far * 0.1 if task == "regression" else (targets * 0.9 + far * 0.1).logit()
    wrong = far if task == "regression" else -near
    loss = loss_named(name, task)

    assert loss(near, targets).shape == (6,)
    assert (loss(near, targets) < loss(wrong, targets)).all()


def test_classes_and_shares_of_one_say_the_same():
    outputs, classes = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    loss = loss_named("", "multiclass")

    torch.testing.assert_close(loss(outputs, classes), loss(outputs, torch.eye(3)[classes]))


@pytest.mark.parametrize("task", TASKS)
def test_a_student_that_says_what_the_teacher_says_has_no_gradient(task):
    outputs = torch.randn(SHAPES[task], generator=torch.Generator().manual_seed(0), requires_grad=True)
    taught = probabilities(outputs.detach(), task)
    (gradient,) = torch.autograd.grad(distillation_loss(outputs, taught, task, 3.0).sum(), outputs)

    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-5, rtol=0)


def test_a_teacher_who_is_certain_gives_a_finite_loss():
    assert distillation_loss(torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [0.0, 1.0]]), "multiclass", 2.0).isfinite().all()
    assert distillation_loss(torch.zeros(2), torch.tensor([1.0, 0.0]), "binary", 2.0).isfinite().all()


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(RecipeInvalid, match="focal_loss"):
        loss_named("focalloss", "binary")
    with pytest.raises(RecipeInvalid, match="cross_entropy_loss"):
        loss_named("squared_loss", "multiclass")
