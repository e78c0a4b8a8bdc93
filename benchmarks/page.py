"""docs/benchmarks.md, written anew by every full run."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peer import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
OURS = ("numpy", "numba", "scikit-learn", "torch")

HEAD = """# Benchmarks

Written by `make bench`; do not edit. Ours and its peer work on the same data, one after the other, in one run on one machine.

- *ours*, *peer takes*: the median of several runs in wall-clock seconds, with all cores at the disposal of both. What takes over
  20 seconds is run once. *scaled*: the peer was measured on a part of the work, below named, and that time multiplied.
- *first*: ours with the start-up of the compiler, or the loading of what an earlier process compiled. It is no part of the ratio.
- *ratio*: the peer's time over ours; *target*: the least that was set. A ratio belongs to one machine and one hour.
- *limit*: the bytes that must be read or written at least once, over the memory bandwidth measured in the same run; only what lies in
  the cache already can be had sooner.
- *checked*: the result was compared with a float64 reference or with the peer's own output; a wrong one never meets its target.
"""

FOOT = """## How to run it

- `make bench`: everything above, and this page; {minutes}. It makes `.venv-bench` for the peers at first.
- `python -m benchmarks NAME`: one of them as a line, with `--json` as one JSON object, with `--size tiny` in seconds to see that it works.
- Real data is used where it lies beside the checkout, else made data of the same size; each row says which.
"""


def describe(outcome: dict[str, Any]) -> str:
    """Return one line on an outcome."""
    ratio = "no ratio" if outcome["ratio"] is None else f"{outcome['ratio']:,.0f} x"
    verdict = "met" if outcome["met"] else "MISSED"
    checked = "checked" if outcome["checked"] else "NOT RIGHT"
    times = f"ours {seconds(outcome['ours_seconds'])}, peer {seconds(outcome['peer_seconds'])}"
    return f"{outcome['name']:<22} {times}, {ratio} of {outcome['target']:,.0f} {verdict}; {checked}; {outcome['peer']}. {outcome['note']}"


def describe_trial(finding: dict[str, Any]) -> str:
    """Return one line on a trial."""
    verdict = "met" if finding["met"] else "MISSED"
    checked = "checked" if finding["checked"] else "NOT RIGHT"
    found = f"{seconds(finding['seconds'])}; {_figures(finding)}"
    return f"{finding['name']:<22} {found}; {finding['goal']}: {verdict}; {checked}. {finding['note']}"


def seconds(value: float | None) -> str:
    """Return seconds with three digits and a unit that fits.

    >>> seconds(0.00123), seconds(61.5), seconds(None)
    ('1.23 ms', '61.5 s', '-')
    """
    if value is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 else f"{value:,.0f} s"
    return f"{value / 1e-6:.3g} us"


def write_page(
    outcomes: Sequence[dict[str, Any]],
    bandwidth: float,
    findings: Sequence[dict[str, Any]] = (),
    page: Path = PAGE,
    minutes: float | None = None,
    by_name: Sequence[str] = (),
) -> None:
    """Write the tables, what each row rests on, and the misses by name.

    minutes: what the whole run took. by_name: what takes too long to run with all others.
    """
    lines = [HEAD, _machine(bandwidth), ""]
    lines += ["| name | work | peer | ours | first | peer takes | ratio | target | limit | checked |"]
    lines += ["|---|---|---|---|---|---|---|---|---|---|", *(_row(outcome) for outcome in outcomes), ""]
    if findings:
        lines += ["What has a goal of its own instead of a peer in another process:", ""]
        lines += ["| name | work | takes | found | goal | reached | checked |", "|---|---|---|---|---|---|---|"]
        lines += [*(_trial_row(finding) for finding in findings), ""]
    missed = [outcome for outcome in outcomes if not outcome["met"]]
    misses = [_miss(outcome) for outcome in missed] + [_missed_trial(finding) for finding in findings if not finding["met"]]
    lines += ["## Misses", "", *(misses or ["None in this run."]), ""]
    lines += ["## What each row rests on", ""]
    for outcome in outcomes:
        lines += [f"- `{outcome['name']}`: {_basis(outcome)}"]
    lines += [f"- `{finding['name']}`: {finding['data']}. Check: {finding['check']}. {finding['note']}".rstrip() for finding in findings]
    lines += ["", FOOT.format(minutes="some minutes" if minutes is None else f"{minutes:.0f} minutes when this page was written").rstrip()]
    if by_name:
        lines += [f"- By name only, since they take minutes each: {', '.join(f'`{name}`' for name in by_name)}."]
    page.write_text("\n".join(lines) + "\n")


def _machine(bandwidth: float) -> str:
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    packages = ", ".join(f"{name} {version(name)}" for name in OURS)
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return (
        f"{day} · {os.cpu_count()} cores of {names[0] if names else platform.machine()} · load {os.getloadavg()[0]:.1f} · "
        f"memory read at {bandwidth / 1e9:.1f} GB/s · Python {platform.python_version()}, {packages}"
    )


def _row(outcome: dict[str, Any]) -> str:
    ratio = "-" if outcome["ratio"] is None else f"{outcome['ratio']:,.0f}"
    cells = [
        f"`{outcome['name']}`",
        outcome["work"],
        outcome["peer"],
        seconds(outcome["ours_seconds"]),
        seconds(outcome.get("ours_first_seconds")),
        seconds(outcome["peer_seconds"]) + (" (scaled)" if outcome["scaled"] else ""),
        ratio if outcome["met"] else f"**{ratio}**",
        f"{outcome['target']:,.0f}",
        seconds(outcome["limit_seconds"]),
        "yes" if outcome["checked"] else "**no**",
    ]
    return f"| {' | '.join(cells)} |"


def _trial_row(finding: dict[str, Any]) -> str:
    marks = ["yes" if finding[key] else "**no**" for key in ("met", "checked")]
    cells = [f"`{finding['name']}`", finding["work"], seconds(finding["seconds"]), _figures(finding), finding["goal"], *marks]
    return f"| {' | '.join(cells)} |"


def _figures(finding: dict[str, Any]) -> str:
    values = ((name, f"{value:.4g}" if isinstance(value, float) else str(value)) for name, value in finding["figures"].items())
    return ", ".join(f"{name} {value}" for name, value in values) or "-"


def _missed_trial(finding: dict[str, Any]) -> str:
    if finding["seconds"] is None:
        return f"- `{finding['name']}`: {finding['note']}"
    if not finding["checked"]:
        return f"- `{finding['name']}`: the check failed: {finding['check']}"
    return f"- `{finding['name']}`: {_figures(finding)}; the goal is {finding['goal']}"


def _miss(outcome: dict[str, Any]) -> str:
    if outcome["ours_seconds"] is None:
        return f"- `{outcome['name']}`: {outcome['note']}"
    if outcome["ratio"] is None:
        return f"- `{outcome['name']}`: the peer is {outcome['peer']}"
    if not outcome["checked"]:
        return f"- `{outcome['name']}`: the check failed: {outcome['check']}"
    return f"- `{outcome['name']}`: {outcome['ratio']:,.0f} of {outcome['target']:,.0f}"


def _basis(outcome: dict[str, Any]) -> str:
    if outcome["ours_seconds"] is None:
        return outcome["note"]
    runs = ", ".join(
        f"{who} {times} (from {seconds(outcome['spread'][who][0])} to {seconds(outcome['spread'][who][1])})"
        for who, times in outcome["runs"].items()
    )
    variants = [f"{name}: {seconds(v['peer_seconds'])}, ratio {v['ratio']:,.0f}" for name, v in outcome.get("variants", {}).items()]
    other = f" Otherwise used, the peer takes: {'; '.join(variants)}." if variants else ""
    note = f" {outcome['note']}" if outcome["note"] else ""
    return f"{outcome['data']}. Runs: {runs}.{note} Check: {outcome['check']}.{other}"
