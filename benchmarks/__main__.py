"""python -m benchmarks runs all and writes docs/benchmarks.md; python -m benchmarks NAME --json prints one JSON object."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.benchmark import measure
from benchmarks.page import PAGE, describe, write_page
from benchmarks.registry import BENCHMARKS
from benchmarks.timing import measure_bandwidth


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument(
        "--size", choices=["full", "tiny"], default="full", help="tiny: seconds, to see that all works; its ratios mean nothing"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    tiny = chosen.size == "tiny"
    bandwidth = measure_bandwidth(2**24) if tiny else measure_bandwidth()
    if chosen.name:
        outcome = measure(BENCHMARKS[chosen.name], bandwidth, tiny)
        print(json.dumps(outcome) if chosen.json else describe(outcome))
        return 0
    outcomes = []
    for benchmark in BENCHMARKS.values():
        outcomes.append(measure(benchmark, bandwidth, tiny))
        print(describe(outcomes[-1]), file=sys.stderr if chosen.json else sys.stdout, flush=True)
    if chosen.json:
        print(json.dumps(outcomes))
    elif not tiny:
        write_page(outcomes, bandwidth)
        print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
