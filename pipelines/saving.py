"""When a training's state goes to disk, and what else then lies there."""

from __future__ import annotations

import shutil
import time

import torch

from pipelines.averaging import Weights
from pipelines.checkpoints import GENERATIONS, find_checkpoint, read_tensors, write_checkpoint, write_tensors
from pipelines.phases import starts_from_best
from pipelines.setting import Setting
from pipelines.snapshots import Snapshot, needed
from pipelines.standing import Entry, Standing, pack, snapshots_of, unpack
from pipelines.steps import Learner

HELD = "held"
"""Beside a net's weights: what it said of the rows that are held out."""


class Keeper:
    """Saves one training, as often as `Saving` allows."""

    def __init__(self, setting: Setting) -> None:
        """Keep in the setting's folders."""
        self.setting = setting
        self.kept: frozenset[tuple[int, str]] = frozenset()
        self.cost = 0.0
        self.started = self.saved = time.monotonic()
        self.spent = 0.0
        """Seconds that this process has spent on saving."""

    def resume(self, standing: Standing, learner: Learner) -> bool:
        """Take up the newest whole checkpoint; return False where there is none. Raises CheckpointDamaged where none is whole."""
        found = find_checkpoint(self.setting.folder)
        for damage in found.damaged:
            self.setting.tell("note", detail=f"the older generation of the checkpoint is used: {damage}")
        if found.checkpoint is None:
            return False
        stretch = self.setting.stretches()[found.checkpoint.state["phase"]]
        learner.begin(stretch.phase)
        unpack(found.checkpoint, standing, learner)
        self.kept = self._needed(standing)
        self.setting.tell("note", detail=f"going on at step {standing.step} of phase {standing.phase}")
        return True

    def is_due(self) -> bool:
        """Tell whether enough time has passed."""
        return time.monotonic() - self.saved >= self.setting.saving.wait(self.cost)

    def save(self, standing: Standing, learner: Learner) -> None:
        """Save; whoever calls has looked whether the losses are finite, so that what is on disk is good."""
        begun = time.monotonic()
        standing.seconds += begun - self.started
        standing.serial += 1
        write_checkpoint(self.setting.folder, pack(standing, learner))
        self._prune(standing)
        self.started = self.saved = time.monotonic()
        self.cost = self.saved - begun
        self.spent += self.cost

    def clear(self) -> None:
        """Remove the state and the nets that were kept: the training is over, and the nets that predict lie elsewhere."""
        for generation in GENERATIONS:
            (self.setting.folder / generation).unlink(missing_ok=True)
        for folder in self.setting.folders:
            shutil.rmtree(folder / "snapshots", ignore_errors=True)

    def last_good(self) -> str:
        """Return where to go on from, in words."""
        found = find_checkpoint(self.setting.folder).checkpoint
        if found is None:
            return "none was saved yet"
        path = self.setting.folder / GENERATIONS[found.serial % len(GENERATIONS)]
        return f"{path}, of step {found.state['step']} of phase {found.state['phase']}"

    # Nets that may be asked for later

    def keep_net(self, standing: Standing, place: int, entry: Entry, weights: Weights, said: torch.Tensor) -> None:
        """Write a net that was judged, if it may be asked for: among the best, or one of the last ten. Its entry is not recorded yet."""
        known = [*snapshots_of(standing.histories[place]), Snapshot(entry["name"], entry["judged"])]
        if entry["name"] not in needed(known, self.setting.recipe.predict.checkpoints, starts_from_best(self.setting.recipe)):
            return
        begun = time.monotonic()
        path = self.setting.folders[place] / "snapshots" / f"{entry['name']}.safetensors"
        write_tensors(path, {**{f"net/{name}": tensor for name, tensor in weights.items()}, HELD: said}, entry)
        self.spent += time.monotonic() - begun

    def read_net(self, place: int, name: str) -> tuple[Weights, torch.Tensor]:
        """Return a net that was kept, on the CPU, and what it said of the rows that are held out."""
        tensors, _ = read_tensors(self.setting.folders[place] / "snapshots" / f"{name}.safetensors")
        said = tensors.pop(HELD)
        return {key.removeprefix("net/"): tensor for key, tensor in tensors.items()}, said

    def _needed(self, standing: Standing) -> frozenset[tuple[int, str]]:
        checkpoints, back = self.setting.recipe.predict.checkpoints, starts_from_best(self.setting.recipe)
        return frozenset(
            (place, name) for place, history in enumerate(standing.histories) for name in needed(snapshots_of(history), checkpoints, back)
        )

    def _prune(self, standing: Standing) -> None:
        """Remove nets that neither this checkpoint nor the generation before it may ask for."""
        now = self._needed(standing)
        for place, folder in enumerate(self.setting.folders):
            for path in (folder / "snapshots").glob("*.safetensors"):
                if (place, path.stem) not in now | self.kept:
                    path.unlink()
        self.kept = now
