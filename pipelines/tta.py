"""Test-time augmentation: the same image seen in several ways, and the mean of what a net says to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from pipelines.errors import ViewInvalid
from pipelines.nearest import hint
from pipelines.recipe import Augment
from pipelines.views import VIEWS, Change, View, random_views

__all__ = ["VIEWS", "View", "mean_of_views", "predict_views", "views_of"]

COUNTED = re.compile(r"random([1-9]\d{0,2})")
LEAST_PROBABILITY = 1e-7
"""No view can rule a class out alone."""


def views_of(names: Iterable[str], size: int = 0, spec: Augment | None = None) -> tuple[View, ...]:
    """Return the views behind the names, each once; none for no names.

    names: keys of VIEWS, random and a number such as "random70", or several joined by *: "d4*corners" sees every corner in all eight ways.
    size: side of the net's input in pixels; 0: the image's own. A larger image is cropped without resampling where a view is a crop.
    spec: the training's augmentation, for the views that are drawn from it.
    Raises ViewInvalid for an unknown name, and for random views of nothing.
    """
    views = {view.name: view for name in names for view in _product(name, size, spec)}
    return tuple(views.values())


def predict_views(predict: Change, images: Tensor, views: Sequence[View], task: str, mean: str = "geometric") -> Tensor:
    """Return the mean of what `predict` says to each view of a batch, shaped like its answer.

    predict: from images (n, c, size, size) to predictions (n, classes) or (n,).
    """
    return mean_of_views(torch.stack([predict(view.see(images)) for view in views]), task, mean)


def mean_of_views(predictions: Tensor, task: str, mean: str = "geometric") -> Tensor:
    """Return the mean over the first axis, float32.

    predictions: (views, n, classes) or (views, n): probabilities, or values for regression.
    task: multiclass rows sum to 1 after a geometric mean; for binary and multilabel each probability is weighed against its
        complement. A regression's values may be negative, so their mean is arithmetic in any case.
    mean: "geometric", the softmax (or sigmoid) of the mean logits, or "arithmetic".
    """
    if mean == "arithmetic" or task == "regression":
        return predictions.to(torch.float64).mean(0).to(torch.float32)
    likely = _geometric(predictions)
    total = likely.sum(-1, keepdim=True) if task == "multiclass" else likely + _geometric(1 - predictions.to(torch.float64))
    return (likely / total).to(torch.float32)


def _geometric(probabilities: Tensor) -> Tensor:
    return probabilities.to(torch.float64).clamp_min(LEAST_PROBABILITY).log().mean(0).exp()


def _product(name: str, size: int, spec: Augment | None) -> Iterable[View]:
    """Return the views of names joined by *; the last factor is seen first."""
    *outer, last = name.split("*")
    views = _named(last, size, spec)
    for factor in reversed(outer):
        views = tuple(_after(first, second) for first in views for second in _named(factor, size, spec))
    return views


def _after(first: View, second: View) -> View:
    """Return the view through one and then the other."""
    names = [view.name for view in (second, first) if view.name != "plain"]
    back = _then(second.back, first.back) if first.back and second.back else None
    return View("*".join(names) or "plain", _then(first.see, second.see), back)


def _then(first: Change, second: Change) -> Change:
    return lambda images: second(first(images))


def _named(name: str, size: int, spec: Augment | None) -> tuple[View, ...]:
    counted = COUNTED.fullmatch(name)
    if counted:
        return random_views(int(counted[1]), size, spec)
    if name not in VIEWS:
        raise ViewInvalid(f"expected the name of a view, got {name!r}{hint(name, VIEWS)}")
    return VIEWS[name](size, spec)
