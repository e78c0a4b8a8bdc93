"""A competition as a folder of plain files that any tool reads: what is there already is not fetched again."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
import numpy.typing as npt
import polars as pl
from stackyard.contract.contract import Contract
from stackyard.contract.digests import sha256_file
from stackyard.errors import DigestMismatch, ServerFault

from members.answers import BoardRow, Prediction
from members.foldfiles import SHAPES
from members.progress import OnStep, Step
from members.settings import write_atomically
from members.wire import path_to

if TYPE_CHECKING:
    from members.client import Client

Format = Literal["parquet", "csv"]
MANIFEST = "manifest.json"
FOLD_FILES = {"csv": "folds.csv", "positions": "folds-positions.json", "lists": "folds-lists.json"}


class Export(TypedDict):
    """What lies in the folder now."""

    path: str
    files: int
    predictions: int
    fetched: int
    """Files that this call wrote."""
    kept: int
    """Files that an earlier call had written, and that still have their digest."""


class Folder:
    """The files and their manifest, which is written after each file, so that an export that was broken off can go on."""

    def __init__(self, path: Path, slug: str) -> None:
        self.path = path
        self.fetched = self.kept = 0
        self.entries: dict[str, dict[str, Any]] = {}
        before = _read_manifest(path / MANIFEST)
        self._before: dict[str, dict[str, Any]] = before.get("files", {}) if before.get("competition") == slug else {}
        self.head: dict[str, Any] = {"competition": slug}

    def put(self, name: str, content: bytes, about: dict[str, Any] | None = None) -> None:
        """Write a file, and enter it into the manifest."""
        write_atomically(self.path / name, content)
        self.entries[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **(about or {})}
        self.fetched += 1
        self._write_manifest()

    def keep(self, name: str, about: dict[str, Any]) -> bool:
        """Return whether an earlier export wrote this very file and nobody touched it since; enter it again where so."""
        entry, path = self._before.get(name), self.path / name
        same = entry is not None and all(entry.get(key) == value for key, value in about.items())
        if entry is None or not same or not path.is_file() or sha256_file(path) != entry["sha256"]:
            return False
        self.entries[name] = entry
        self.kept += 1
        return True

    def finish(self) -> None:
        """Write the manifest without the files that are not part of the competition any more."""
        self._before = {}
        self._write_manifest()

    def _write_manifest(self) -> None:
        # until the end, entries of an earlier export stay: they may be needed by a third attempt
        document = {**self.head, "files": {**self._before, **self.entries}}
        write_atomically(self.path / MANIFEST, _json_bytes(document))


def export_competition(client: Client, slug: str, path: Path, format: Format, progress: OnStep) -> Export:  # noqa: A002
    """Write contract, folds in all shapes, leaderboard, and every scored prediction's aligned values; see docs/cli.md for the names.

    Raises DigestMismatch where bytes came that are not what the server names, and every error of asking.
    """
    contract = client.contract(slug)
    board = client.board(slug)
    predictions = sorted(client.predictions(slug, state="scored"), key=lambda row: row["id"])
    folder = Folder(path, slug)
    folder.head |= {"folds": contract.folds_digest, "format": format}
    _put_competition(client, slug, folder, contract, board)
    arrays = [(row, which) for row in predictions for which in ("oof", "test") if which == "oof" or row["has_test"]]
    for done, (row, which) in enumerate(arrays):
        progress(Step(f"exporting {row['name']}", done, len(arrays)))
        _put_array(client, folder, contract, row, which, format)
    folder.finish()
    return {
        "path": str(path),
        "files": len(folder.entries),
        "predictions": len(predictions),
        "fetched": folder.fetched,
        "kept": folder.kept,
    }


def _put_competition(client: Client, slug: str, folder: Folder, contract: Contract, board: list[BoardRow]) -> None:
    folder.put("competition.json", _json_bytes(client.competition(slug)))
    folder.put("contract.json", _json_bytes(contract.as_json(with_ids=True)))
    folder.put("folds-report.json", _json_bytes(client.folds_report(slug)))
    for shape in SHAPES:
        folder.put(FOLD_FILES[shape], client.folds(slug, shape)["text"].encode())
    folder.put("leaderboard.json", _json_bytes(board))
    folder.put("leaderboard.csv", _board_csv(board))


def _put_array(client: Client, folder: Folder, contract: Contract, row: Prediction, which: str, format: Format) -> None:  # noqa: A002
    name = f"predictions/{file_stem(row)}-{which}.{format}"
    digest = row["oof_digest"] if which == "oof" else row["test_digest"]
    about = {"prediction": row["id"], "array_sha256": digest}
    if folder.keep(name, about):
        return
    with client.wire.stream(path_to("predictions", row["id"], which), {"format": "npy"}) as pieces:
        values = _read_npy(pieces, digest, name)
    ids = contract.train_ids if which == "oof" else contract.test_ids
    made = {key: row.get(key) for key in ("name", "owner", "variant", "version", "level", "score", "recipe", "parents")}
    folder.put(name, _WRITERS[format](aligned_frame(contract, ids, values, name)), {**about, **made})


def aligned_frame(contract: Contract, ids: pl.Series, values: npt.NDArray[np.float32], name: str) -> pl.DataFrame:
    """Return aligned values (n,) or (n, C) as a frame with ids and class names; raise ServerFault where the shape is another."""
    grid = values.reshape(len(values), -1) if values.ndim in {1, 2} else values
    if grid.shape != (len(ids), len(contract.classes)):
        raise ServerFault(f"expected {len(ids)} x {len(contract.classes)} values for {name}, got shape {values.shape}")
    columns = [pl.Series(label, np.ascontiguousarray(grid[:, place])) for place, label in enumerate(contract.classes)]
    return pl.DataFrame([ids.alias(contract.id_column), *columns])


def file_stem(row: Prediction) -> str:
    """Return a name for a prediction's files that no other has, and that leads nowhere else.

    >>> file_stem({"id": 7, "owner": "ada", "name": "../nets/m1", "variant": "tta", "version": 2})
    '7-ada-nets_m1-tta-v2'
    """
    words = [row["owner"], row["name"], row["variant"], f"v{row['version']}"]
    return "-".join([str(row["id"]), *(tidy for word in words if (tidy := re.sub(r"[^\w.-]+", "_", word).strip("._-")))])


def _read_npy(pieces: Iterator[bytes], digest: str, name: str) -> npt.NDArray[np.float32]:
    content = b"".join(pieces)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise DigestMismatch(f"expected an array with SHA-256 {digest} for {name}, got {found}: run the export again")
    array: npt.NDArray[np.float32] = np.load(io.BytesIO(content), allow_pickle=False)
    return array


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _board_csv(board: list[BoardRow]) -> bytes:
    names = ("rank", "name", "owner", "level", "variant", "version", "score", "mean", "std", "folds", "state", "id")
    return _csv(pl.DataFrame({name: [row.get(name) for row in board] for name in names}))


def _json_bytes(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


_WRITERS: dict[Format, Callable[[pl.DataFrame], bytes]] = {"parquet": _parquet, "csv": _csv}
