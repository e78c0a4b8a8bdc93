"""Compute the arrays of a lineage again, each from what it was made of, and compare digests. Heavy: for workers only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from stackyard.contract.digests import sha256_bytes
from stackyard.ensembles.stacks import load_features, stack_arrays
from stackyard.errors import BlobDamaged, RebuildDiffers
from stackyard.numerics.blending import blend, blend_by_fold
from stackyard.numerics.doubt import Doubt
from stackyard.numerics.stacking import cross_fit, nested_blend
from stackyard.predictions.reading import join_folds
from stackyard.storage.digests import digest_of_file
from stackyard.storage.queries import load_array, load_json, path_of, verify
from stackyard.work.limited import run_limited

Arrays = npt.NDArray[Any]
Node = dict[str, Any]
BLOBS = ("oof_digest", "test_digest", "oof_blob", "test_blob")


def verify_blobs(lineage: dict[str, Any]) -> list[str]:
    """Read every blob that the lineage names, down to the uploaded files; raise RebuildDiffers for the first that is damaged."""
    wanted = {lineage["contract"]: "the contract", lineage["truth"]: "the truth", lineage["folds"]["array"]: "the folds"}
    for node in lineage["predictions"]:
        if _is_restacked(node):
            wanted[node["recipe"]["features"]] = f"the features of {_title(node)}"
        for holder in (node, *node["parts"]):
            wanted |= {holder[name]: f"{name} of {_title(node)}" for name in BLOBS if holder.get(name)}
    for digest, what in wanted.items():
        try:
            verify(digest)
        except BlobDamaged as error:
            raise RebuildDiffers(f"expected {what} as it was, got a damaged blob: {error.detail}") from error
    return [f"{len(wanted)} blobs have the bytes that their digests name"]


def recompute_arrays(lineage: dict[str, Any], deep: bool) -> list[str]:
    """Compute every prediction's arrays again; return what was found the same, or raise RebuildDiffers for the first that is not.

    A blend is blended again by its recorded weights, and folds are put together again. deep: uploaded files are read again, level-2
    models fitted again and blend weights searched for again.
    """
    nodes = {node["id"]: node for node in lineage["predictions"]}
    done = []
    for node in nodes.values():
        # a recipe says in which order the parents were used
        parents = [nodes[key] for key in node["recipe"].get("parents", node["parents"])] if node["parents"] else []
        for maker in _makers(node, deep):
            done.append(maker(lineage, node, parents))
    return done


def _makers(node: Node, deep: bool) -> list[Callable[[dict[str, Any], Node, list[Node]], str]]:
    """Return how a prediction can be made again: from its weights, from level 1, or from uploads."""
    if not node["parents"]:
        joined = [_join_parts] if any(part["fold"] is not None for part in node["parts"]) else []
        return [*([_read_parts] if deep and node["parts"] else []), *joined]
    if "weights" in node["recipe"]:
        return [*([_search_weights] if deep else []), _blend_again]
    return [_fit_again] if deep and "method" in node["recipe"] else []


def _blend_again(lineage: dict[str, Any], node: Node, parents: list[Node]) -> str:
    """Blend by the recorded weights: test rows by those found on all rows, each fold's by those found on the others."""
    recipe = node["recipe"]
    doubt = Doubt(**recipe.get("doubt", {}))
    folds, stacked = load_array(lineage["folds"]["array"]), _stack(parents, "oof_digest")
    by_fold = {int(fold): np.array(weights) for fold, weights in recipe["weights_by_fold"].items()}
    _compare(node, "oof_digest", doubt.admit(blend_by_fold(stacked, folds, by_fold)))
    if node["test_digest"]:
        _compare(node, "test_digest", doubt.admit(blend(_stack(parents, "test_digest"), np.array(recipe["weights"]))))
    return f"{_title(node)}: blended again by its weights"


def _search_weights(lineage: dict[str, Any], node: Node, parents: list[Node]) -> str:
    contract = load_json(lineage["contract"])
    recipe = node["recipe"]
    mixed = nested_blend(
        _stack(parents, "oof_digest"),
        load_array(lineage["truth"]),
        load_array(lineage["folds"]["array"]),
        recipe["method"],
        contract["metric"],
        options=contract["metric_options"],
        steps=recipe["steps"],
    )
    by_fold = {str(fold): weights.tolist() for fold, weights in mixed.weights_by_fold.items()}
    if (mixed.weights.tolist(), by_fold) != (recipe["weights"], recipe["weights_by_fold"]):
        raise RebuildDiffers(f"expected the recorded weights of {_title(node)}, the search now finds others")
    return f"{_title(node)}: the search finds the same weights"


def _fit_again(lineage: dict[str, Any], node: Node, parents: list[Node]) -> str:
    recipe, truth = node["recipe"], load_array(lineage["truth"])
    fitted = cross_fit(
        recipe["method"],
        _stack(parents, "oof_digest"),
        _stack(parents, "test_digest") if node["test_digest"] else None,
        truth,
        load_array(lineage["folds"]["array"]),
        load_json(lineage["contract"])["task"],
        seed=recipe["seed"],
        settings=recipe["settings"],
        features=load_features(recipe.get("features"), len(truth)),
    )
    _compare(node, "oof_digest", fitted.oof)
    if fitted.test is not None:
        _compare(node, "test_digest", fitted.test)
    return f"{_title(node)}: fitted again"


def _is_restacked(node: Node) -> bool:
    """Whether a level-2 model saw the competition's own features; an upload's recipe may say anything."""
    return bool(node["parents"] and node["recipe"].get("features"))


def _join_parts(lineage: dict[str, Any], node: Node, parents: list[Node]) -> str:
    """Put the folds together: out-of-fold rows side by side, test rows as their mean."""
    del parents
    parts = sorted(node["parts"], key=lambda part: part["fold"])
    oof = join_folds(load_array(lineage["folds"]["array"]), [load_array(part["oof_digest"]) for part in parts])
    _compare(node, "oof_digest", oof)
    if node["test_digest"]:
        tests = [load_array(part["test_digest"]) for part in parts]
        _compare(node, "test_digest", np.mean(tests, axis=0, dtype=np.float64).astype(np.float32))
    return f"{_title(node)}: {len(parts)} folds put together again"


def _read_parts(lineage: dict[str, Any], node: Node, parents: list[Node]) -> str:
    """Read the uploaded files again, in limited children as the first time."""
    del parents
    for part in node["parts"]:
        with tempfile.TemporaryDirectory(dir=settings.TEMPORARY) as folder:
            job = {
                "contract": str(path_of(lineage["contract"])),
                "oof": _as_sent(part, "oof", folder),
                "test": _as_sent(part, "test", folder) if part["test_blob"] else None,
                "fold": part["fold"],
                "repeats": node["repeats"],
                "empty_tags": node["empty_tags"],
                "out": folder,
            }
            arrays = run_limited("read_part", job)["arrays"]
            for kind, path in arrays.items():
                _same(node, f"{kind} file", part[f"{kind}_digest"], digest_of_file(Path(path)))
            if not arrays:
                raise RebuildDiffers(f"expected the uploaded files of {_title(node)} to keep the contract, they no longer do")
    return f"{_title(node)}: uploaded files read again"


def _as_sent(part: dict[str, Any], kind: str, folder: str) -> dict[str, str]:
    own = Path(folder) / f"{kind}-as-sent"
    own.mkdir()
    return {"path": str(path_of(part[f"{kind}_blob"])), "name": part[f"{kind}_name"], "folder": str(own)}


def _stack(nodes: list[Node], which: str) -> Arrays:
    return stack_arrays([node[which] for node in nodes])


def _compare(node: Node, which: str, array: Arrays) -> None:
    _same(node, which, node[which], npy_digest(array))


def _same(node: Node, what: str, expected: str, found: str) -> None:
    if found != expected:
        raise RebuildDiffers(f"expected {what} {expected[:12]}… of {_title(node)}, computed again it is {found[:12]}…")


def npy_digest(array: Arrays) -> str:
    """Return the digest that an array has once it is stored: of its .npy bytes.

    >>> npy_digest(np.zeros(2)) == npy_digest(np.zeros(4)[::2])
    True
    """
    file = BytesIO()
    np.lib.format.write_array(file, np.asarray(array, order="C"), allow_pickle=False)
    return sha256_bytes(file.getvalue())


def _title(node: Node) -> str:
    return f"{node['owner']}/{node['name']} v{node['version']}"
