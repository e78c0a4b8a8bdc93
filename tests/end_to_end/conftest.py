"""The command line as members run it, against a whole stack of real processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """One member's terminal."""

    url: str
    token: str
    home: Path

    def __call__(self, *words: object) -> Ran:
        environment = {**os.environ, "STACKYARD_URL": self.url, "STACKYARD_TOKEN": self.token, "STACKYARD_HOME": str(self.home)}
        command = [str(Path(sys.executable).with_name("stackyard")), *map(str, words)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=170, check=False)
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def ok(self, *words: object) -> Any:
        """Run a command that must succeed, and return its JSON."""
        ran = self(*words, "--json")
        assert ran.code == 0, f"{words}: {ran.code}\n{ran.out}\n{ran.err}"
        return ran.json


@pytest.fixture(scope="session")
def member_cli(live_stack, tmp_path_factory) -> Callable[..., Cli]:
    """Return a function that makes a member of a team and hands over their terminal."""

    def make(name: str, team: str, role: str = "member") -> Cli:
        token = live_stack.create_member(name, team=team, role=role)
        return Cli(live_stack.url, token, tmp_path_factory.mktemp(name))

    return make


@pytest.fixture(scope="session")
def spooky_files(shared_data, tmp_path_factory) -> Path:
    """Lay out the Spooky competition as a team would find it, and each model's predictions as Parquet."""
    folder = tmp_path_factory.mktemp("spooky")
    oof = pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet")
    test = pl.read_parquet(shared_data / "spooky-oof" / "test.parquet")
    oof.select("id", "author").write_csv(folder / "train.csv")
    oof.select("id", "fold").write_csv(folder / "folds.csv")
    test.select("id", *(pl.lit(1 / 3).alias(name) for name in ("EAP", "HPL", "MWS"))).write_csv(folder / "sample_submission.csv")
    for model in sorted({column.split("__")[0] for column in oof.columns if "__" in column}):
        columns = [pl.col(f"{model}__{name}").alias(name) for name in ("EAP", "HPL", "MWS")]
        oof.select("id", *columns).write_parquet(folder / f"{model}_oof.parquet")
        test.select("id", *columns).write_parquet(folder / f"{model}_test.parquet")
    (folder / "spec.toml").write_text(
        """slug = "spooky"
name = "Spooky Author Identification"
task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"
label_column = "author"
sample_submission = "sample_submission.csv"
submissions_per_day = 5
[folds]
file = "folds.csv"
"""
    )
    return folder
