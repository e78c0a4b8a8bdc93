"""A data folder made small and whole, to be copied to a bare machine: one file of encoded images, and CSV, whatever they were before.

Everything goes through memory: this is for thousands of small files, and for the Parquet and TIFF that such a machine cannot read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.data_spec import NAME, DataSpec, read_data_spec
from pipelines.decoding import TIFF_MAGIC, read_tiff
from pipelines.errors import DataInvalid, ImageMissing
from pipelines.images import open_source
from pipelines.labels import read_labels
from pipelines.tables import Columns, read_columns

CHUNK = 1024
IMAGES, LABELS, SAMPLE, FEATURES = "images.npz", "labels.csv", "sample_submission.csv", "features.csv"


def pack(folder: Path, out: Path) -> None:
    """Write the data of FOLDER/data.toml into another folder, with a data.toml of its own; raise DataInvalid and its kinds."""
    spec = read_data_spec(folder)
    if out.resolve() == folder.resolve():
        raise DataInvalid(f"expected another folder to pack into, got {out} itself")
    labels = read_labels(spec)
    out.mkdir(parents=True, exist_ok=True)
    _pack_images(spec, [(spec.images.train, labels.train_ids), (spec.images.test, labels.test_ids)], out)
    _pack_tables(spec, out)
    (out / NAME).write_text(_toml(spec), encoding="utf-8")


def _pack_images(spec: DataSpec, sources: Sequence[tuple[str, Sequence[str]]], out: Path) -> None:
    images = [image for source, ids in sources if ids for image in _images(spec, source, ids)]
    names = [name for name, _ in images]
    if len(set(names)) != len(names):
        raise DataInvalid("expected train and test ids that differ, to pack all images into one file, got some in both")
    ends = np.cumsum([len(encoded) for _, encoded in images], dtype=np.int64)
    flat = np.frombuffer(b"".join(encoded for _, encoded in images), np.uint8)
    np.savez(out / IMAGES, id=np.array(names, np.str_), image=flat, ends=ends)


def _pack_tables(spec: DataSpec, out: Path) -> None:
    label_columns = spec.label_columns or (spec.label_column or spec.tags_column,)
    tables = {LABELS: spec.labels, SAMPLE: spec.sample_submission, FEATURES: spec.features}
    for name, source in tables.items():
        if source:
            _write_csv(out / name, read_columns(spec.folder / source, (spec.id_column, *label_columns) if name == LABELS else ()))


def _images(spec: DataSpec, name: str, ids: Sequence[str]) -> Iterable[tuple[str, bytes]]:
    source = open_source(spec.folder, name, spec.images)
    source.require(ids)
    ordered = [ids[place] for place in source.reading_order(ids)]
    items = (item for chunk in source.chunks(ordered, CHUNK) for item in chunk)
    for one, item in zip(ordered, items, strict=True):
        if isinstance(item, np.ndarray):
            raise DataInvalid(f"expected encoded images to pack, got arrays in {source.path}, which are packed already")
        yield one, _without_tiff(_read(Path(item)) if isinstance(item, str) else item)


def _without_tiff(encoded: bytes) -> bytes:
    """Return what a machine without tifffile reads too."""
    if encoded[:4] not in TIFF_MAGIC:
        return encoded
    buffer = io.BytesIO()
    np.save(buffer, read_tiff(encoded))
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageMissing(f"expected a readable file at {path}, got: {error}") from error


def _write_csv(path: Path, columns: Columns) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _toml(spec: DataSpec) -> str:
    files = {"labels": LABELS, "sample_submission": spec.sample_submission and SAMPLE, "features": spec.features and FEATURES}
    kept = ("task", "id_column", "label_column", "tags_column", "label_columns", "classes", "positive", "metric")
    values: dict[str, Any] = {**{key: getattr(spec, key) for key in kept}, **spec.metric_options, **files}
    images = {"train": IMAGES, "test": IMAGES if spec.images.test else ""}
    tables = {"": values, "[images]": images, "[taxonomy]": dict(spec.taxonomy)}
    lines = [line for head, table in tables.items() if any(table.values()) for line in (head, *_lines(table))]
    return "\n".join(lines) + "\n"


def _lines(table: dict[str, Any]) -> Iterable[str]:
    # JSON's texts, lists and numbers are TOML's too
    return (f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items() if value)
