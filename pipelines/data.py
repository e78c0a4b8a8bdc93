"""All that a training reads: images, truth, folds and features, aligned by row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.data_spec import DataSpec, read_data_spec
from pipelines.errors import DataInvalid
from pipelines.features import Features, read_features
from pipelines.folds import Folds, read_folds
from pipelines.images import open_source
from pipelines.labels import Labels, Truth, read_labels
from pipelines.recipe import Recipe
from pipelines.recipe_toml import canonical_json
from pipelines.stopping import StopRequest
from pipelines.store import Images, open_images
from pipelines.subsets import expand, narrow


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """What all folds, seeds and phases of a recipe share. Row i of train, truth, folds and features is train_ids[i]."""

    task: str
    classes: tuple[str, ...]
    """Columns of a prediction; one for binary and regression; a specialist's own."""
    train: Images
    test: Images | None
    truth: Truth
    """binary bool (n,); multiclass int64 (n,), -1 where the class is none of a specialist's; multilabel bool (n, L); regression float64."""
    learns: npt.NDArray[np.bool_]
    """Rows to learn from, bool (n,): all, but for a multiclass specialist."""
    folds: Folds
    train_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    id_column: str
    features: Features | None = None
    metric: str = ""
    metric_options: Mapping[str, float] = field(default_factory=dict)
    taxonomy: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    digest: str = ""
    """Names all of the above but the folds."""

    def rows(self, fold: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows that a fold's net learns from, and those that it predicts out of fold; each rises."""
        outside = self.folds.outside(fold)
        return outside[self.learns[outside]], self.folds.inside(fold)

    @property
    def single_column(self) -> bool:
        """Whether predictions have shape (n,) and not (n, C)."""
        return self.task in {"binary", "regression"}


def read_dataset(
    folder: str | Path,
    folds_file: str | Path,
    recipe: Recipe,
    store: Path | None = None,
    processes: int | None = None,
    request: StopRequest | None = None,
) -> Dataset:
    """Return the data of FOLDER/data.toml as the recipe wants it.

    store: where decoded images lie; None: STACKYARD_HOME/images. processes: how many decode; None: by the number of images.
    request: to stop, obeyed between two chunks of images that are decoded.
    Raises DataInvalid and its kinds: ImageMissing, ImageCorrupt, LabelUnknown, FoldsInvalid, FoldsMismatch; Stopped.
    """
    spec = read_data_spec(folder)
    labels = read_labels(spec)
    folds = read_folds(folds_file, labels.train_ids, spec.id_column)
    folds.require(recipe.folds_digest)
    features = _features(spec, labels, recipe)
    wanted = expand(recipe.data.labels, labels.classes, spec.taxonomy)
    classes, truth, learns = narrow(spec.task, labels.classes, labels.truth, wanted)
    train_source = open_source(spec.folder, spec.images.train, spec.images)
    train = open_images(train_source, labels.train_ids, recipe.data, store, processes, request)
    test = _test_images(spec, labels, recipe, store, processes, request)
    return Dataset(
        task=spec.task,
        classes=classes,
        train=train,
        test=test,
        truth=truth,
        learns=learns,
        folds=folds,
        train_ids=labels.train_ids,
        test_ids=labels.test_ids,
        id_column=spec.id_column,
        features=features,
        metric=spec.metric,
        metric_options=spec.metric_options,
        taxonomy=spec.taxonomy,
        digest=_digest(spec, classes, truth, train, test, features),
    )


def _features(spec: DataSpec, labels: Labels, recipe: Recipe) -> Features | None:
    name = recipe.data.features or (spec.features if recipe.net.features else "")
    if recipe.net.features and not name:
        raise DataInvalid("expected data.features in the recipe or features in data.toml, since net.features is true; got neither")
    return read_features(spec.folder / name, spec.id_column, labels.train_ids, labels.test_ids) if name else None


def _test_images(
    spec: DataSpec, labels: Labels, recipe: Recipe, store: Path | None, processes: int | None, request: StopRequest | None
) -> Images | None:
    if not labels.test_ids:
        return None
    if not spec.images.test:
        raise DataInvalid("expected images.test in data.toml beside sample_submission, got none")
    return open_images(open_source(spec.folder, spec.images.test, spec.images), labels.test_ids, recipe.data, store, processes, request)


def _digest(spec: DataSpec, classes: tuple[str, ...], truth: Truth, train: Images, test: Images | None, features: Features | None) -> str:
    arrays = [truth] if features is None else [truth, features.train, features.test]
    named = [hashlib.sha256(f"{one.dtype.str}{one.shape}".encode() + np.ascontiguousarray(one).tobytes()).hexdigest() for one in arrays]
    parts = [spec.task, list(classes), train.digest, test.digest if test else "", named]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()
