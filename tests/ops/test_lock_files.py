"""What is installed is pinned, and from where is said by whoever installs, not by this repository."""

import json
import re
import tomllib

from tests.stack import ROOT


def test_the_constraints_name_versions_and_no_host():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]

    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!]+", line)] == []


def test_the_lock_of_the_pages_names_no_host():
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = {_plain(re.match(r"[A-Za-z0-9_.-]+", text)[0]) for text in sum(extras.values(), project["dependencies"])}
    pinned = {_plain(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}

    assert asked - pinned == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
