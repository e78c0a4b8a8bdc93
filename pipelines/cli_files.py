"""Commands on data and prediction files, which train nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipelines.data_spec import TASKS
from pipelines.joining import average_files
from pipelines.packing import pack
from pipelines.progress import Report
from pipelines.reaveraging import average_again
from pipelines.recipe import MEANS
from pipelines.stopping import StopRequest
from pipelines.subsets import recombine_files


def _declare_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder that data.toml describes")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else there")


def _pack(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    del request
    pack(chosen.data, chosen.out)
    report({"event": "packed", "path": str(chosen.out)})
    return 0


def _declare_recombine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("general", type=Path, metavar="GENERAL.npz", help="predictions of all classes")
    parser.add_argument("specialists", type=Path, nargs="+", metavar="SPECIALIST.npz", help="predictions of some classes, of the same ids")
    parser.add_argument("--share", type=float, default=1.0, help="how much the specialists say; default %(default)g")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else there")


def _recombine(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    del request
    recombine_files(chosen.general, chosen.specialists, chosen.out, chosen.share)
    report({"event": "recombined", "path": str(chosen.out)})
    return 0


def _declare_average(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.npz", help="predictions of the same ids, as of one fold's nets")
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--mean", choices=MEANS, default="geometric", help="default %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else there")


def _average(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    del request
    average_files(chosen.files, chosen.out, chosen.task, chosen.mean)
    report({"event": "averaged", "path": str(chosen.out)})
    return 0


def _declare_average_nets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "--best", type=int, default=0, metavar="N", help="so many nets of each training, best first; none: all that predicted"
    )
    parser.add_argument("--mean", choices=MEANS, default="geometric", help="over nets and seeds; default %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout, nothing else there")


def _average_nets(chosen: argparse.Namespace, report: Report, request: StopRequest) -> int:
    del request
    paths = average_again(chosen.run, chosen.out, chosen.best, chosen.mean)
    report({"event": "averaged", "paths": [str(path) for path in paths]})
    return 0


FILE_COMMANDS: dict[str, tuple[Callable[..., int], str, Callable[[argparse.ArgumentParser], None]]] = {
    "average": (_average, "average predictions, such as those of other checkpoints, without a net", _declare_average),
    "pack": (_pack, "copy data into one folder that a bare machine can read", _declare_pack),
    "average-nets": (_average_nets, "make a run's predictions anew from those of its nets", _declare_average_nets),
    "recombine": (_recombine, "let specialists share out what a general net gives to their classes", _declare_recombine),
}
"""Name -> what it does, in words, its options."""
