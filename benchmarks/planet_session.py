"""A whole session at Planet's size on the real server: 48 models in, the default recipe triggered, a decided submission out.

`python -m benchmarks planet_session --json` starts `manage.py up` on a home of its own, creates the competition with the real labels and
folds, uploads made models over HTTP, triggers the default ensemble and writes its submission. It prints how long that took from trigger
to file, the most memory that all processes of the server held at once, and what was told of the progress meanwhile.

Made models of one row share most of their errors, as good models do: one of them alone reaches an F2 of some 0.92.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.benchmark import Check
from benchmarks.data import SHARED, Array, planet_labels
from benchmarks.trial import CannotRun, Finding
from members.client import Client

ROOT = Path(__file__).resolve().parents[1]
LABELS = SHARED / "planet-labels"
SLUG = "planet"
SPEC = f"""slug = "{SLUG}"
name = "Planet, with made models"
task = "multilabel"
metric = "f_beta_samples_score"
beta = 2
id_column = "image_name"
labels = "train_labels.csv.gz"
tags_column = "tags"
sample_submission = "sample_submission.csv.gz"
[folds]
file = "folds10_ods.csv.gz"
"""
# How far yes is from no, in units of a model's noise; and the variance of the noise that all models share, where that distance is 1. No
# mixture takes it out: the best one of very many models is as good as one of distance 3.05.
DISTANCE, COMMON = (2.55, 2.95), 0.1075
SURENESS = (0.8, 1.5)
LOOK_EVERY_SECONDS = 0.1
MODELS, TARGET_SECONDS, TARGET_BYTES = 48, 60.0, 4 << 30
WORK = f"{MODELS} models of Planet's size on the real server: the default recipe, from its trigger to the written submission"
GOAL = f"at most {TARGET_SECONDS:.0f} s and {TARGET_BYTES >> 30} GiB, with progress"


@dataclass(frozen=True)
class MadeModels:
    """Models that see the truth through noise; model k is the same however many are made."""

    truth: Array
    """Bool (rows, labels)."""
    common: Array
    """The noise that all models share, float32 (rows, labels)."""
    seed: int

    @classmethod
    def of(cls, truth: Array, seed: int) -> MadeModels:
        """Draw the common noise."""
        return cls(truth, np.random.default_rng(seed).standard_normal(truth.shape, np.float32), seed)

    def probabilities(self, model: int) -> Array:
        """Return what one model says, float32 (rows, labels): the log odds that its evidence carries, more or less sure of themselves."""
        # with 1 + model: a seed [s, 0] is the seed s, and the noise would be the common one
        quality, noise = np.random.default_rng(model), np.random.default_rng([self.seed, 1 + model])
        distance, sureness = quality.uniform(*DISTANCE), quality.uniform(*SURENESS)
        own = noise.standard_normal(self.truth.shape, np.float32)
        variance = 1.0 / distance**2
        seen = self.truth - 0.5 + np.sqrt(COMMON) * self.common + np.sqrt(variance - COMMON) * own
        shares = self.truth.mean(axis=0)
        odds = sureness * (np.log(shares / (1.0 - shares)) + seen / variance)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float32)


@dataclass
class Load:
    """The most that all processes of the server held at once, looked at now and then, and what they computed."""

    root: psutil.Process
    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look until told to end."""
        before = _sum_over(self.root, _cpu_of)
        while not self.ended.wait(LOOK_EVERY_SECONDS):
            self.peak_bytes = max(self.peak_bytes, int(_sum_over(self.root, _held_by)))
        self.cpu_seconds = _sum_over(self.root, _cpu_of) - before


def _sum_over(root: psutil.Process, of: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += of(process)
    return total


def _held_by(process: psutil.Process) -> float:
    return float(process.memory_info().rss)


def _cpu_of(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:4]))


@contextmanager
def watching(load: Load) -> Iterator[Load]:
    """Watch while the block runs."""
    thread = threading.Thread(target=load.watch, daemon=True)
    thread.start()
    try:
        yield load
    finally:
        load.ended.set()
        thread.join()


@dataclass(frozen=True)
class Server:
    """`manage.py up` on a home of its own."""

    home: Path
    url: str
    process: subprocess.Popen[str]

    def create_member(self, name: str) -> str:
        """Make an administrator, and return their token."""
        words = ("create_member", name, "--team", "planet", "--role", "admin", "--print-token")
        ended = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=environment(self.home), capture_output=True, text=True, check=True
        )
        return ended.stdout.strip()


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with the home, and without a database or a broker of somebody else's."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}}
    return {**kept, "STACKYARD_HOME": str(home)}


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Start the whole stack, wait until it is ready, and stop it in the end."""
    command = [sys.executable, "manage.py", "up", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Server(home, _address(process), process)
    finally:
        process.terminate()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    said = []
    for line in process.stdout or ():
        said.append(line)
        if line.startswith("Ready "):
            return line.split()[1]
    raise RuntimeError("expected the server to become ready, got:\n" + "".join(said))


def upload_models(client: Client, models: int) -> list[float]:
    """Upload so many made models, out of fold and for the test rows; return their scores."""
    truth = planet_labels().truth
    contract = client.contract(SLUG)
    drawn = np.random.default_rng(1).integers(0, len(truth), len(contract.test_ids))
    train, test = MadeModels.of(truth, 2), MadeModels.of(truth[drawn], 3)
    scores = []
    for model in range(models):
        answer = client.upload(SLUG, name=f"made-{model:03d}", oof=train.probabilities(model), test=test.probabilities(model))
        if answer["state"] != "scored":
            raise RuntimeError(f"expected made-{model:03d} to be scored, got {answer['state']}: {answer.get('errors')}")
        scores.append(float(answer["score"] or 0.0))
    return scores


def run_session(client: Client, server: Server, target: Path) -> dict[str, Any]:
    """Trigger the default ensemble, wait for it, write its submission; return what was measured on the way."""
    told: list[tuple[float, int, int, str]] = []
    began = time.perf_counter()

    def note(ensemble: Any) -> None:
        progress = ensemble.get("progress") or {}
        told.append((time.perf_counter() - began, progress.get("done", 0), progress.get("total", 0), progress.get("sentence", "")))

    with watching(Load(psutil.Process(server.process.pid))) as load:
        ensemble = client.ensemble(SLUG, name="default", on_progress=note)
        blended = time.perf_counter() - began
        written = client.submit(SLUG, ensemble["name"], target)
        seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "ensemble_seconds": blended,
        "cpu_seconds": load.cpu_seconds,
        "peak_bytes": load.peak_bytes,
        "progress_steps": len({done for _, done, _, _ in told}),
        "progress": _thinned(told),
        "score": ensemble["score"],
        "in_sample_score": ensemble["in_sample_score"],
        "weights": ensemble["weights"],
        "rows": written["rows"],
    }


def _thinned(told: list[tuple[float, int, int, str]]) -> list[dict[str, Any]]:
    """Return the first that was told with each sentence."""
    seen: dict[str, dict[str, Any]] = {}
    for seconds, done, total, sentence in told:
        seen.setdefault(sentence, {"seconds": round(seconds, 2), "done": done, "total": total, "sentence": sentence})
    return list(seen.values())


def measure(models: int, folder: Path) -> dict[str, Any]:
    """Run one whole session in a folder; return what the JSON says."""
    for name in ("train_labels.csv.gz", "sample_submission.csv.gz", "folds10_ods.csv.gz"):
        shutil.copy(LABELS / name, folder)
    (folder / "spec.toml").write_text(SPEC)
    home = folder / "home"
    home.mkdir()
    with serving(home) as server, Client(server.url, server.create_member("ada"), home=folder) as client:
        client.create_competition(folder / "spec.toml")
        began = time.perf_counter()
        scores = upload_models(client, models)
        uploaded = time.perf_counter() - began
        session = run_session(client, server, folder / "submission.csv")
    single = {"best": max(scores), "median": float(np.median(scores))}
    met = session["seconds"] < TARGET_SECONDS and session["peak_bytes"] < TARGET_BYTES and session["progress_steps"] > 1
    return {"models": models, "cores": os.cpu_count(), "upload_seconds": uploaded, "single_scores": single, **session, "met": met}


def run(tiny: bool) -> Finding:
    """Run the session as one trial among the others."""
    if not LABELS.exists():
        raise CannotRun(f"it needs Planet's labels in {LABELS}")
    # as an exception, so that the server is stopped and its home removed whatever ends this
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as folder:
        found = measure(2 if tiny else MODELS, Path(folder))
    signal.signal(signal.SIGTERM, before)
    best = found["single_scores"]["best"]
    shown = ("score", "in_sample_score", "peak_bytes", "cpu_seconds", "upload_seconds", "progress_steps", "rows")
    return Finding(
        seconds=found["seconds"],
        met=found["met"],
        check=Check(
            found["score"] > best, f"nested F2 {found['score']:.5f}, the best model alone {best:.5f}; {found['rows']:,} rows written"
        ),
        data=f"the real labels and folds of Planet, {found['models']} made models",
        figures={name: found[name] for name in shown} | {"weights": found["weights"]},
        note="the server runs as manage.py up starts it: two workers on the cores there are",
    )
