"""Honest models, and what may be wrong with them."""

from dataclasses import replace

import numpy as np
from stackyard.numerics.evaluation import score_by_fold
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.rows_of_models import Models

from tests.numerics.second_level import METRIC_OF, make_small_world


def models_of(world, task, **changes):
    metric = METRICS[METRIC_OF[task]]
    names = [chr(97 + place) for place in range(len(world.oof))]
    fields = {"names": names, "oof": list(world.oof), "test": list(world.test), "truth": world.truth, "folds": world.folds, "task": task}
    values = np.array([score_by_fold(metric, world.truth, oof, world.folds, {}) for oof in fields["oof"]], float)
    return Models(**{**fields, "fold_values": values, "higher_is_better": metric.higher_is_better, **changes})


def honest(task, seed=0, **changes):
    return models_of(make_small_world(task, seed=seed, rows=1200, fold_count=5), task, **changes)


def with_model(models, place, **changes):
    """Put other arrays in a model's place; its metric by fold follows."""
    made = {
        kind: [changes.get(kind, row) if at == place else row for at, row in enumerate(getattr(models, kind))] for kind in ("oof", "test")
    }
    metric = METRICS[METRIC_OF[models.task]]
    values = np.array([score_by_fold(metric, models.truth, oof, models.folds, {}) for oof in made["oof"]], float)
    return replace(models, **made, fold_values=values)


def made_in_sample(models, place):
    """Let a model say of each row what it should, as one does that has seen it, and leave its test predictions alone."""
    sure = 0.02 + 0.96 * models.targets() if models.task != "multiclass" else 0.02 + 0.94 * models.targets()
    return with_model(models, place, oof=sure.reshape(models.oof[place].shape).astype(np.float32))


def read_spooky(folder):
    import polars as pl

    oof, test = pl.read_parquet(folder / "spooky-oof" / "oof.parquet"), pl.read_parquet(folder / "spooky-oof" / "test.parquet")
    classes = ["EAP", "HPL", "MWS"]
    names = sorted({column.split("__")[0] for column in oof.columns if "__" in column})
    arrays = [
        [table.select([f"{name}__{kind}" for kind in classes]).to_numpy().astype(np.float32) for name in names] for table in (oof, test)
    ]
    truth, folds = np.searchsorted(np.array(classes), oof["author"].to_numpy()), oof["fold"].to_numpy()
    values = np.array([score_by_fold(METRICS["multiclass_log_loss"], truth, values, folds, {}) for values in arrays[0]])
    return Models(names, arrays[0], truth, folds, "multiclass", arrays[1], classes, values, higher_is_better=False)
