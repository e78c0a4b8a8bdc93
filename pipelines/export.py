"""A finished run's nets as ONNX files, and in 8 bits: refused where that costs too much, else one more variant of the predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pipelines import draws, outputs
from pipelines.assembling import Job, make_net, normaliser
from pipelines.batches import Pixels
from pipelines.checkpoints import read_tensors, write_file
from pipelines.errors import ExportRefused, RunMismatch
from pipelines.metrics import METRICS, OWN, metric_for
from pipelines.onnx_nets import FEATURES, IMAGES, OnnxNet, Whole, write_onnx
from pipelines.predictions import read_predictions
from pipelines.quantising import Batch, processor, quantise
from pipelines.recipe_toml import as_json, but, recipe_digest
from pipelines.teachers import features_of
from pipelines.tta import views_of

FOLDER, RECORD = "export", "export.json"
INT8 = "int8"
BOUND = 0.005
"""How much worse than the float nets' the 8-bit nets' metric may be, as a share of it."""
CALIBRATION_ROWS, BATCH = 256, 32
TOLERANCE = {"fp32": 1e-3, "bf16": 0.05, "fp16": 0.01}
"""How far a net in ONNX may be from what the run wrote, by the precision that it predicted in."""

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Plain:
    """The one plain look of each row, as the nets get it."""

    job: Job

    def batches(self, rows: Rows) -> Iterator[Batch]:
        """Yield what an ONNX net is fed, a batch at a time; test rows are counted on from the last train row."""
        recipe, dataset, device = self.job.recipe, self.job.dataset, torch.device("cpu")
        pixels = Pixels(dataset.train, len(dataset.train), dataset.test, device)
        (view,) = views_of(("plain",), recipe.phases[-1].size)
        features = features_of(dataset, recipe, device)
        for start in range(0, len(rows), self.job.recipe.predict.batch or BATCH):
            part = rows[start : start + (self.job.recipe.predict.batch or BATCH)]
            more = {} if features is None else {FEATURES: features[torch.from_numpy(part)].numpy()}
            yield {IMAGES: view.see(pixels.take(part)).numpy()} | more

    def predict(self, path: Path, rows: Rows, threads: int = 1) -> Floats:
        """Return what an ONNX net says of rows, (n, C) or (n,)."""
        net = OnnxNet(path, threads)
        return np.concatenate([net.predict(batch[IMAGES], batch.get(FEATURES)) for batch in self.batches(rows)])


def export_nets(job: Job) -> list[Path]:
    """Write each fold's nets, which predict together, as OUT/export/fold-K.onnx, and return the paths.

    The file takes `images`, float32 (n, c, size, size) on the scale of the store, and `features` where the nets do.
    Raises RunMismatch where the run is not finished, PackageMissing, and ExportRefused where ONNX says something else than the run wrote.
    """
    return [_export_fold(job, fold) for fold in range(job.dataset.folds.count)]


def _export_fold(job: Job, fold: int) -> Path:
    path = job.out / FOLDER / f"fold-{fold}.onnx"
    plain = Plain(job)
    held = job.dataset.rows(fold)[1][: 2 * BATCH]
    batch = next(plain.batches(held[:2]))
    whole = Whole(_nets(job, fold), normaliser(job.recipe, job.dataset, torch.device("cpu")), job.dataset.task, job.recipe.predict.mean)
    features = torch.from_numpy(batch[FEATURES]) if FEATURES in batch else None
    write_onnx(whole, torch.from_numpy(batch[IMAGES]), features, path)
    written = read_predictions(outputs.part_path(job.fold_folder(fold), outputs.PLAIN, outputs.OOF))
    wanted = written.rows([job.dataset.train_ids[row] for row in held])
    away = float(np.abs(plain.predict(path, held) - wanted).max())
    # probabilities are of the order of 1, a regression's values of any
    allowed = TOLERANCE[job.recipe.phases[-1].precision] * max(1.0, float(np.abs(wanted).max()))
    if not away <= allowed:
        path.unlink()
        raise ExportRefused(f"expected ONNX to say what the run wrote for fold {fold}, within {allowed:g}; it is {away:.3g} away")
    return path


def _nets(job: Job, fold: int) -> list[torch.nn.Module]:
    """Return all nets of all seeds that predict for a fold."""
    paths = sorted(job.fold_folder(fold).glob(f"seed-*/{outputs.NETS}/*/weights.safetensors"))
    if not paths or not outputs.part_path(job.fold_folder(fold), outputs.PLAIN, outputs.OOF).exists():
        raise RunMismatch(f"expected a finished run in {job.out}, got no nets or no predictions of fold {fold}")
    # the weights come from the run: those that the recipe began with need not be there
    bare = replace(job, recipe=but(job.recipe, **{"net.weights": ""}), plan=replace(job.plan, device="cpu"))
    nets = []
    for path in paths:
        net = make_net(bare, fold, job.recipe.seed)
        net.load_state_dict(read_tensors(path)[0])
        nets.append(net.eval())
    return nets


def export_int8(job: Job, bound: float = BOUND, calibration_rows: int = CALIBRATION_ROWS) -> dict[str, Any]:
    """Write 8-bit copies of the exported nets beside them, and the run's variant int8: their own predictions, out of fold and of the test.

    Ranges of activations come from rows that the fold's nets learnt from. Returns the record, which is also written.
    Raises ExportRefused, and leaves nothing of the 8-bit nets, where the out-of-fold metric is worse than the float nets' by more than
    `bound` of its value; RunMismatch where the run is not finished; PackageMissing.
    """
    dataset, plain = job.dataset, Plain(job)
    paths = {fold: _int8_path(job, fold, calibration_rows) for fold in range(dataset.folds.count)}
    said = np.empty((len(dataset.train_ids), *_float_oof(job).shape[1:]), np.float32)
    for fold, path in paths.items():
        held = dataset.rows(fold)[1]
        said[held] = plain.predict(path, held)
    record = _record(job, said, bound, calibration_rows)
    try:
        refuse_if_worse(record, bound)
    except ExportRefused:
        for path in paths.values():
            path.unlink()
        raise
    for fold, path in paths.items():
        for part, rows in outputs.parts_of(dataset, fold, train=False).items():
            values = said[rows] if part == outputs.OOF else plain.predict(path, rows)
            outputs.write_values(outputs.part_path(job.fold_folder(fold), INT8, part), dataset, rows.tolist(), values)
    outputs.join_variant(dataset, INT8, {fold: job.fold_folder(fold) for fold in paths}, job.out)
    write_file(job.out / FOLDER / RECORD, (json.dumps(record, indent=1) + "\n").encode())
    return record


def _int8_path(job: Job, fold: int, count: int) -> Path:
    source = job.out / FOLDER / f"fold-{fold}.onnx"
    if not source.exists():
        raise RunMismatch(f"expected exported nets in {source.parent}, got none of fold {fold}")
    learnt = job.dataset.rows(fold)[0]
    chosen = np.sort(learnt[draws.order(len(learnt), job.recipe.seed, "calibration", fold)[:count]])
    target = source.with_suffix(".int8.onnx")
    quantise(source, target, Plain(job).batches(chosen))
    return target


def _float_oof(job: Job) -> Floats:
    return read_predictions(outputs.part_path(job.out, outputs.PLAIN, outputs.OOF)).rows(job.dataset.train_ids)


def _record(job: Job, said: Floats, bound: float, calibration_rows: int) -> dict[str, Any]:
    dataset = job.dataset
    known, before = dataset.learns, _float_oof(job)
    names = dict.fromkeys([metric_for(dataset.metric, dataset.task).name, OWN[dataset.task]])
    scores = {
        variant: {name: METRICS[name].function(dataset.truth[known], values[known]) for name in names}
        for variant, values in ((outputs.PLAIN, before), (INT8, said))
    }
    return {
        "recipe": as_json(job.recipe),
        "recipe_digest": recipe_digest(job.recipe),
        "metric": next(iter(names)),
        "scores": scores,
        "bound": bound,
        "calibration_rows": calibration_rows,
        "processor": processor(),
    }


def refuse_if_worse(record: Mapping[str, Any], bound: float) -> None:
    """Raise ExportRefused where the 8-bit nets' metric is worse than the float nets' by more than `bound` of its value."""
    metric = METRICS[record["metric"]]
    before, after = (record["scores"][variant][metric.name] for variant in (outputs.PLAIN, INT8))
    worse = metric.loss(after) - metric.loss(before)
    if not worse <= bound * abs(before):
        raise ExportRefused(
            f"expected {metric.name} of 8-bit nets at most {bound:.2%} worse than {before:.6g}, got {after:.6g} ({record['processor']})"
        )
