"""What eight views cost against one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.augmenting import one_thread
from benchmarks.benchmark import Check
from benchmarks.trial import Finding
from pipelines.tta import View, mean_of_views, predict_views, views_of

SIDE, BATCH, MOST = 64, 8, 8.2
WORK = f"D4 views of {BATCH} images of {SIDE} px through a small net, one thread"


def small_net() -> nn.Module:
    """Return a net of random weights, 10 classes."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inside, outside in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)).eval()


def usual_seconds(functions: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return each function's median CPU seconds; they take turns, so that what else runs on the machine meets all alike."""
    seconds = []
    for _ in range(rounds):
        for function in functions:
            start = time.thread_time()
            function()
            seconds.append(time.thread_time() - start)
    return [statistics.median(seconds[k :: len(functions)]) for k in range(len(functions))]


def run(tiny: bool) -> Finding:
    """Predict a batch in one view and in eight, and compare the times."""
    count, rounds = (4, 3) if tiny else (BATCH, 150)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8))
    net, plain, d4 = small_net(), views_of(["plain"]), views_of(["d4"])

    def predict(batch: Tensor) -> Tensor:
        return net(batch / 255).softmax(1)

    def seen(views: tuple[View, ...]) -> Tensor:
        return predict_views(predict, images, views, "multiclass")

    with one_thread(), torch.inference_mode():
        answers = torch.stack([predict(view.see(images)) for view in d4])
        # each view by itself, and then the mean: of short times that alternate, other programs disturb all alike
        parts = [partial(seen, plain), *(partial(seen, (view,)) for view in d4), partial(mean_of_views, answers, "multiclass")]
        one, *eight = usual_seconds(parts, rounds)
        together = predict_views(predict, images, d4, "multiclass", "arithmetic")
        turned = [torch.rot90(images.flip(3) if flip else images, turns, (2, 3)) for flip in (False, True) for turns in range(4)]
        away = float((together - torch.stack([predict(batch.float()) for batch in turned]).mean(0)).abs().max())
    ratio = sum(eight) / one
    return Finding(
        seconds=sum(eight),
        met=ratio <= MOST,
        check=Check(away < 1e-6, f"the mean is at most {away:.0e} from that of the eight turned batches, predicted by hand"),
        data=f"{count} random images; a net of three convolutions; CPU seconds of one thread, medians of {rounds} rounds",
        figures={"ratio": ratio, "peer": "one view", "peer_seconds": one},
    )
