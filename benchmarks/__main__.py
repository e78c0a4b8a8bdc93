"""python -m benchmarks runs all and writes docs/benchmarks.md; python -m benchmarks NAME --json prints one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.benchmark import measure
from benchmarks.page import PAGE, describe, describe_trial, write_page
from benchmarks.registry import BENCHMARKS, TRIALS
from benchmarks.timing import measure_bandwidth
from benchmarks.trial import try_out


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [*BENCHMARKS, *TRIALS]
    parser.add_argument("name", nargs="?", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument(
        "--size", choices=["full", "tiny"], default="full", help="tiny: seconds, to see that all works; its ratios mean nothing"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    tiny = chosen.size == "tiny"
    if chosen.name in TRIALS:
        found = try_out(TRIALS[chosen.name], tiny)
        print(json.dumps(found) if chosen.json else describe_trial(found))
        return 0
    bandwidth = measure_bandwidth(2**24) if tiny else measure_bandwidth()
    if chosen.name:
        outcome = measure(BENCHMARKS[chosen.name], bandwidth, tiny)
        print(json.dumps(outcome) if chosen.json else describe(outcome))
        return 0
    return measure_all(chosen.json, tiny, bandwidth)


def measure_all(as_json: bool, tiny: bool, bandwidth: float) -> int:
    """Run all benchmarks and the trials that do not take many minutes; write the page, and once before the trials, to be safe."""
    told, start = sys.stderr if as_json else sys.stdout, time.perf_counter()
    outcomes: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    by_name = [trial.name for trial in TRIALS.values() if not trial.always]

    def keep() -> None:
        if not as_json and not tiny:
            write_page(outcomes, bandwidth, findings, minutes=(time.perf_counter() - start) / 60, by_name=by_name)

    for benchmark in BENCHMARKS.values():
        outcomes.append(measure(benchmark, bandwidth, tiny))
        print(describe(outcomes[-1]), file=told, flush=True)
    keep()
    for trial in TRIALS.values():
        if trial.always:
            findings.append(try_out(trial, tiny))
            print(describe_trial(findings[-1]), file=told, flush=True)
    keep()
    if as_json:
        print(json.dumps([*outcomes, *findings]))
    elif not tiny:
        print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
