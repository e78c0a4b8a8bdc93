"""Any net of timm by name, as "timm:densenet121": its body with a head of ours, so that features and groups are as everywhere."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.nets.classifier import Classifier, groups_of_children
from pipelines.nets.torchvision_shim import prepare_torchvision
from pipelines.nets.weights import State
from pipelines.packages import load

PREFIX = "timm:"
FILTERS = ("checkpoint_filter_fn", "_filter_torchvision_pretrained", "_filter_fn")
"""What timm's modules call the function that renames the weights of other programs (torchvision's densenets and vgg among them)."""


def build_timm(
    name: str,
    *,
    outputs: int,
    channels: int,
    size: int,  # noqa: ARG001 - all builders are called alike; these nets take any
    features: int = 0,
    dropout: float = 0.0,
    zero_gamma: bool | None = None,
    **options: Any,
) -> Classifier:
    """Return timm's net of this name with random weights.

    dropout: before the head. zero_gamma: the last norm of each residual branch begins at 0 (resnets: timm's own default).
    options: what timm's builder takes: drop_rate, drop_path_rate (it grows layer by layer), img_size, ….
    Raises RecipeInvalid for a name or an option that timm does not know.
    """
    body = make_body(name, channels, options | ({} if zero_gamma is None else {"zero_init_last": zero_gamma}))
    net = Classifier(body, body.head_hidden_size, outputs, features, dropout, groups_of(body))
    net.translate = translate
    return net


def make_body(name: str, channels: int, options: dict[str, Any], **more: Any) -> Any:
    """Return timm's net without its head; raises RecipeInvalid for an unknown name or option."""
    prepare_torchvision()
    timm = load("timm", f"build {name}")
    if not timm.is_model(name):
        raise RecipeInvalid(f"expected the name of a net of timm, got {name!r}{hint(name, timm.list_models())}")
    try:
        return timm.create_model(name, pretrained=False, in_chans=channels, **({"num_classes": 0} | more | options))
    except TypeError as error:
        raise RecipeInvalid(f"expected options that timm's {name} takes, got {options}: {error}") from error


def groups_of(body: Any) -> dict[str, list[str]]:
    """Return timm's own coarse layers, from the image on, as stem, stage1, stage2, …; its children where it names none."""
    if not hasattr(body, "group_matcher"):
        return groups_of_children(body)
    layers = load("timm.models", "group layers", "timm").group_parameters(body, body.group_matcher(coarse=True))
    return {f"stage{layer}" if layer else "stem": list(layers[layer]) for layer in sorted(layers)}


def translate(state: State, body: Any) -> State:
    """Return the weights of a file of timm's, torchvision's or ours under our names, which begin with body or head."""
    if any(name.startswith("body.") for name in state):
        return state
    renamed = _renamer(body)(state)
    head = body.pretrained_cfg.get("classifier") or "no head"
    heads = (head,) if isinstance(head, str) else tuple(head)
    return {_ours(name, heads): value for name, value in renamed.items()}


def _ours(name: str, heads: tuple[str, ...]) -> str:
    for head in heads:
        if name.startswith(f"{head}."):
            return f"head.{name.removeprefix(f'{head}.')}"
    return f"body.{name}"


def _renamer(body: nn.Module) -> Callable[[State], State]:
    """Return what timm renames the weights of other programs by, called with the weights alone."""
    module = sys.modules[type(body).__module__]
    found = next((getattr(module, name) for name in FILTERS if hasattr(module, name)), None)
    if found is None:
        return dict
    wanted = [one for one in inspect.signature(found).parameters.values() if one.default is one.empty]
    return (lambda state: found(dict(state), body)) if len(wanted) > 1 else (lambda state: found(dict(state)))
