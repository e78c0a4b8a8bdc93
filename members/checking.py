"""Judging files before they are sent, with the very code that the server runs."""

from __future__ import annotations

from typing import Any

from stackyard.contract.contract import Contract
from stackyard.contract.report import Report
from stackyard.contract.validating import check_oof, check_test

from members.answers import Check, Fault


def check_files(contract: Contract, sources: dict[str, Any], fold: int | None, repeats: str, empty_tags: str, notes: list[str]) -> Check:
    """Return what is wrong with the sources "oof" and "test" (either may be absent): paths, tables or frames."""
    reports: dict[str, Report] = {}
    if "oof" in sources:
        reports["oof"] = check_oof(sources["oof"], contract, fold, repeats, empty_tags)
    if "test" in sources:
        reports["test"] = check_test(sources["test"], contract, repeats, empty_tags)
    errors: list[Fault] = [{**error.as_json(), "file": name} for name, report in reports.items() for error in report.errors]
    said = [f"{name}: {note}" for name, report in reports.items() for note in report.notes]
    return {"state": "rejected" if errors else "valid", "score": None, "errors": errors, "notes": [*notes, *said]}
