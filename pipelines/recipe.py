"""A recipe: all that decides what a training makes of the data, as frozen values that check themselves.

TOML mirrors these classes key by key (`recipe_toml`). Shares are of 1, lengths of training in epochs, angles in degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import RecipeInvalid
from pipelines.recipe_fields import Checked, above, among, at_least, between, unit

ASPECTS = ("stretch", "pad", "crop")
DEPTHS = ("uint8", "uint16")
NORMALISATIONS = ("none", "unit", "data")
PRECISIONS = ("fp32", "bf16", "fp16")
CHECKPOINTS = ("last", "best", "best3", "diverse3", "average", "ema")
MEANS = ("arithmetic", "geometric")
MININGS = ("repeat_hardest", "by_confidence")


@dataclass(frozen=True, kw_only=True)
class Net(Checked):
    """Which net, and what it starts from."""

    name: str = ""
    """A key of NETS, or "timm:" and timm's name."""
    weights: str = ""
    """A file beside the recipe or in STACKYARD_WEIGHTS; none: random."""
    code: str = ""
    """Instead of a name: "members.kostia.nets:build"."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the builder takes by name."""
    features: bool = False
    """Put Data.features before the head."""

    def check(self) -> None:
        """Ask for a name or code."""
        if bool(self.name) == bool(self.code):
            raise RecipeInvalid(f"expected either net.name or net.code, got {self.name!r} and {self.code!r}")


@dataclass(frozen=True, kw_only=True)
class Data(Checked):
    """How images are stored, and what is learnt from them."""

    size: int = field(default=0, metadata=at_least(0))
    """Side in pixels; 0: as they are."""
    channels: int = field(default=3, metadata=at_least(1))
    aspect: str = field(default="stretch", metadata=among(*ASPECTS))
    depth: str = field(default="uint8", metadata=among(*DEPTHS))
    features: str = ""
    """A CSV of further numbers an id, beside data.toml."""
    labels: tuple[str, ...] = ()
    """A specialist's classes, or groups of data.toml's taxonomy; none: all."""
    normalise: str = field(default="data", metadata=among(*NORMALISATIONS))
    """none: 0 to 255 (or 65,535); unit: 0 to 1; data: mean 0 and deviation 1 over the train images."""


@dataclass(frozen=True, kw_only=True)
class Optimiser(Checked):
    """How a gradient becomes a step."""

    name: str = "sgd"
    momentum: float = field(default=0.9, metadata=unit())
    nesterov: bool = False
    decay: float = field(default=0.0, metadata=at_least(0))
    betas: tuple[float, float] = field(default=(0.9, 0.999), metadata=unit())
    decay_bias_and_norm: bool = False


@dataclass(frozen=True, kw_only=True)
class Schedule(Checked):
    """The learning rate at each position in a phase."""

    name: str = "constant"
    rate: float = field(default=0.01, metadata=above(0))
    low: float = field(default=0.0, metadata=at_least(0))
    period: float = field(default=0.0, metadata=at_least(0))
    """Epochs."""
    factor: float = field(default=0.1, metadata=above(0))
    patience: int = field(default=10, metadata=at_least(0))
    warm_up: float = field(default=0.0, metadata=at_least(0))
    """Epochs."""
    scale_with_batch: bool = False
    """Times batch / 256."""
    steps: tuple[float, ...] = field(default=(), metadata=above(0))
    """Epochs after which the rate falls by the factor."""


@dataclass(frozen=True, kw_only=True)
class Augment(Checked):
    """What may happen to an image before it is learnt from; everything is off unless asked for."""

    d4: bool = False
    flip: bool = False
    scale: tuple[float, float] = field(default=(1.0, 1.0), metadata=above(0))
    aspect: tuple[float, float] = field(default=(1.0, 1.0), metadata=above(0))
    rotation: float = field(default=0.0, metadata=between(0, 180))
    offset: float = field(default=0.0, metadata=between(0, 1))
    shear: float = field(default=0.0, metadata=between(0, 80))
    distortion: float = field(default=0.0, metadata=between(0, 1))
    crop: float = field(default=0.0, metadata=between(0, 1))
    """Least share of the area that a random sized crop keeps; 0: none."""
    contrast: float = field(default=0.0, metadata=at_least(0))
    brightness: float = field(default=0.0, metadata=at_least(0))
    blur: float = field(default=0.0, metadata=at_least(0))
    """Largest deviation, in pixels."""
    channel_multiply: float = field(default=0.0, metadata=at_least(0))
    channel_add: float = field(default=0.0, metadata=at_least(0))
    hue: float = field(default=0.0, metadata=at_least(0))
    saturation: float = field(default=0.0, metadata=at_least(0))
    value: float = field(default=0.0, metadata=at_least(0))
    negative: float = field(default=0.0, metadata=between(0, 1))
    """Probability."""
    erosion: float = field(default=0.0, metadata=between(0, 1))
    """Probability."""
    dilation: float = field(default=0.0, metadata=between(0, 1))
    """Probability."""
    probability: float = field(default=1.0, metadata=between(0, 1))
    """Of each part, for each image."""
    code: str = ""
    """One more, by name."""

    def check(self) -> None:
        """Ask for ranges that rise."""
        for name, (low, high) in (("scale", self.scale), ("aspect", self.aspect)):
            if low > high:
                raise RecipeInvalid(f"expected {name} from low to high, got {low} to {high}")


@dataclass(frozen=True, kw_only=True)
class Teacher(Checked):
    """Learning from another model's out-of-fold predictions."""

    oof: str
    """A predictions file: of all rows out of fold, or with {fold} in its name of the rows that each fold learns from."""
    temperature: float = field(default=1.0, metadata=above(0))
    share: float = field(default=0.5, metadata=between(0, 1))
    """Of the loss."""


@dataclass(frozen=True, kw_only=True)
class Mining(Checked):
    """Learning more from what is hard."""

    name: str = field(metadata=among(*MININGS))
    every: int = field(default=10, metadata=at_least(1))
    """Steps."""
    share: float = field(default=0.25, metadata=between(0, 1))


@dataclass(frozen=True, kw_only=True)
class Pseudo(Checked):
    """Learning from test images by predictions made fold by fold."""

    predictions: str
    share: float = field(default=0.33, metadata=between(0, 1))
    """Of each batch."""
    threshold: float = field(default=0.0, metadata=between(0, 1))
    """Least confidence."""


@dataclass(frozen=True, kw_only=True)
class Phase(Checked):
    """One stretch of training."""

    epochs: float = field(metadata=above(0))
    trains: str | tuple[str, ...] = "all"
    """"head", "all", or names of groups of parameters."""
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    batch: int = field(default=32, metadata=at_least(1))
    augment: Augment = Augment()
    size: int = field(default=0, metadata=at_least(0))
    """Side in pixels; 0: as stored."""
    mixup: float = field(default=0.0, metadata=at_least(0))
    smoothing: float = field(default=0.0, metadata=unit())
    start: str = field(default="last", metadata=among("last", "best"))
    precision: str = field(default="fp32", metadata=among(*PRECISIONS))
    teacher: Teacher | None = None
    mining: Mining | None = None
    pseudo: Pseudo | None = None
    ema: float = field(default=0.0, metadata=unit())
    """How much of the running average each step keeps; 0: none is kept."""
    average: str = field(default="none", metadata=among("none", "epochs"))
    clip: float = field(default=0.0, metadata=at_least(0))
    """Greatest norm of a gradient; 0: any."""
    accumulate: int = field(default=1, metadata=at_least(1))
    checkpoints: int = field(default=1, metadata=at_least(0))
    """Saves for snapshots, an epoch."""
    loss: str = ""
    """By the task where none is named."""


@dataclass(frozen=True, kw_only=True)
class Predict(Checked):
    """What is predicted, and how it is averaged."""

    tta: tuple[str, ...] = ()
    mean: str = field(default="geometric", metadata=among(*MEANS))
    checkpoints: str = field(default="last", metadata=among(*CHECKPOINTS))
    batch: int = field(default=0, metadata=at_least(0))
    """0: chosen."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Checked):
    """A whole training."""

    name: str
    net: Net
    phases: tuple[Phase, ...]
    data: Data = Data()
    predict: Predict = Predict()
    seed: int = field(default=0, metadata=at_least(0))
    seeds: int = field(default=1, metadata=at_least(1))
    """Trainings a fold, with seeds seed, seed + 1, …; predictions are their mean."""
    folds_digest: str = ""
    """Where given: the only folds that this may be trained on."""
    notes: str = ""
    folder: str = field(default="", compare=False)
    """Where files that the recipe names lie; not part of its JSON or digest."""

    def check(self) -> None:
        """Ask for a name and a phase."""
        if not self.name.strip() or not self.phases:
            raise RecipeInvalid(f"expected a name and at least one phase, got {self.name!r} and {len(self.phases)} phases")
