"""python -m pipelines: run a recipe on data and folds, with no server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines import progress
from pipelines.assembling import Job
from pipelines.cli_files import FILE_COMMANDS
from pipelines.data import read_dataset
from pipelines.errors import PipelineError
from pipelines.export import BOUND, export_int8, export_nets
from pipelines.plan import choose_plan
from pipelines.planning import is_worth_timing, kept_plan, make_plan
from pipelines.progress import Report
from pipelines.recipe_toml import read_recipe
from pipelines.run import is_done, run
from pipelines.setting import Saving
from pipelines.side_processes import train_in_processes
from pipelines.stopping import EXIT_CODE, Stopped, StopRequest, listen


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command and its options; usage errors end the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m pipelines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, words, declare) in COMMANDS.items():
        declare(commands.add_parser(name, help=words, description=words))
    return parser.parse_args(arguments)


def _declare_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder that data.toml describes")
    parser.add_argument("--folds", type=Path, required=True, metavar="FILE", help="the team's folds, as csv or json")
    parser.add_argument("--device", default="", help="cpu, cuda, cuda:1; none: chosen")
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core")
    parser.add_argument("--store", type=Path, metavar="DIR", help="where decoded images lie; none: STACKYARD_HOME/images")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else there")


def _declare_out(parser: argparse.ArgumentParser) -> None:
    _declare_job(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the run folder; a run that lies there goes on")


def _declare_run(parser: argparse.ArgumentParser) -> None:
    _declare_out(parser)
    parser.add_argument("--fold", type=int, action="append", default=[], metavar="K", help="only this fold; may be given again")
    parser.add_argument(
        "--save-every", type=float, metavar="SECONDS", help="0: after every step; none: every minute, at most 1%% of the time"
    )
    parser.add_argument("--train-predictions", action="store_true", help="also predict what was learnt from, for a student of each fold")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="train so many folds at a time, each in a process of its own")
    parser.add_argument("--side-by-side", choices=["yes", "no"], help="train all folds in one step, or not; none: as plan measures")
    parser.add_argument("--profile", action="store_true", help="write a torch.profiler trace of some steps into each training's folder")


def main(arguments: Sequence[str]) -> int:
    """Run a command; return 0, 1 for a named error (its sentence on stderr), 75 for a run that was asked to stop and can go on."""
    chosen = parse(arguments)
    report = progress.as_lines() if chosen.json else progress.as_bar()
    try:
        with listen() as request:
            return COMMANDS[chosen.command][0](chosen, report, request)
    except PipelineError as error:
        if chosen.json:
            print(json.dumps(error.as_json()), flush=True)  # noqa: T201 - the stream's last line
        print(f"{error.code}: {error.detail}", file=sys.stderr)  # noqa: T201
        return 1
    except Stopped as stopped:
        report({"event": "stopped", "detail": stopped.detail})
        return EXIT_CODE


def _run(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    job = _job(chosen, report, request)
    saving = Saving() if chosen.save_every is None else Saving(seconds=chosen.save_every)
    job = replace(job, saving=saving, train_predictions=chosen.train_predictions, profile=chosen.profile)
    folds = chosen.fold or list(range(job.dataset.folds.count))
    if chosen.jobs > 1:
        left = [fold for fold in folds if not is_done(job, fold)]
        train_in_processes(_command(chosen), left, chosen.jobs, job.plan.threads, report, request)
    else:
        job = _planned(job, folds, chosen)
    run(job, chosen.fold)
    return 0


def _planned(job: Job, folds: list[int], chosen: argparse.Namespace) -> Job:
    """Return the job with the plan it was begun by, else one that is timed where that pays; what is said on the command line stays."""
    plan = kept_plan(job, folds)
    if plan is None:
        plan = make_plan(job, len(folds))[0] if is_worth_timing(job, len(folds)) else job.plan
    said: dict[str, Any] = {name: getattr(chosen, name) for name in ("device", "threads") if getattr(chosen, name)}
    if chosen.side_by_side:
        said["side_by_side"] = chosen.side_by_side == "yes"
    elif len(folds) < job.dataset.folds.count:
        said["side_by_side"] = False
    return replace(job, plan=replace(plan, **said))


def _plan(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    job = _job(chosen, report, request)
    plan, timings = make_plan(job, job.dataset.folds.count)
    report({"event": "plan", **plan.as_json(), "images_a_second": timings})
    return 0


def _command(chosen: argparse.Namespace) -> list[str]:
    """Return what a process for one fold is called with."""
    words = ["run", chosen.recipe, "--data", chosen.data, "--folds", chosen.folds, "--out", chosen.out]
    for name in ("device", "store", "save_every"):
        if getattr(chosen, name) not in {None, ""}:
            words += [f"--{name.replace('_', '-')}", getattr(chosen, name)]
    words += [f"--{name}" for name in ("train-predictions", "profile") if getattr(chosen, name.replace("-", "_"))]
    return [str(word) for word in words]


def _job(chosen: argparse.Namespace, report: Report, request: StopRequest) -> Job:
    recipe = read_recipe(chosen.recipe)
    dataset = read_dataset(chosen.data, chosen.folds, recipe, chosen.store, request=request)
    plan = choose_plan(chosen.device, chosen.threads)
    return Job(recipe=recipe, dataset=dataset, out=getattr(chosen, "out", Path()), plan=plan, report=report, request=request)


def _declare_export(parser: argparse.ArgumentParser) -> None:
    _declare_out(parser)
    parser.add_argument("--int8", action="store_true", help="also in 8 bits, with predictions of their own as the variant int8")
    parser.add_argument(
        "--bound", type=float, default=BOUND, metavar="SHARE", help="how much worse the metric may be in 8 bits; default %(default)g"
    )


def _export(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    job = _job(chosen, report, request)
    report({"event": "exported", "paths": [str(path) for path in export_nets(job)]})
    if chosen.int8:
        report({"event": "quantised", **export_int8(job, chosen.bound)})
    return 0


COMMANDS: dict[str, tuple[Callable[..., int], str, Callable[[argparse.ArgumentParser], None]]] = {
    "run": (_run, "train and predict a recipe", _declare_run),
    "plan": (_plan, "time some steps and say how this machine would run a recipe", _declare_job),
    "export": (_export, "write a finished run's nets as ONNX", _declare_export),
    **FILE_COMMANDS,
}
