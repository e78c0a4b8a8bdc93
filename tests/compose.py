"""Reads docker-compose.yml as Docker would, and runs a service's own command on this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.stack import ROOT, StackFailedError, clean_environment

VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


def read_compose(variables: dict[str, str]) -> dict[str, Any]:
    """Return the file with its variables filled in. Raises KeyError, with the file's own words, for one that must be set and is not."""

    def fill(match: re.Match[str]) -> str:
        dollar, name, kind, words = match.groups()
        if dollar:
            return "$"
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise KeyError(words)
        return words or ""

    def fill_all(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fill_all(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [fill_all(inner) for inner in value]
        return VARIABLE.sub(fill, value) if isinstance(value, str) else value

    return fill_all(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


class Here:
    """What takes a container's place: addresses, folders and ports of this machine instead of those inside."""

    def __init__(self, home: Path, places: dict[str, str]) -> None:
        """home: stands for /data and /tmp. places: what is written in the file -> what holds here."""
        self.places = {**places, "/data": str(home), "/tmp": str(home), "0.0.0.0": "127.0.0.1"}

    def translate(self, text: str) -> str:
        """Return a word of a command, or a variable's value, as it must be here."""
        # In one pass: what stands here may hold the same words as what it stands for.
        return re.sub("|".join(map(re.escape, self.places)), lambda match: self.places[match[0]], text)

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """Return a service's environment."""
        given = {name: self.translate(str(value)) for name, value in service.get("environment", {}).items()}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return clean_environment(**given, PATH=programs, PYTHONUNBUFFERED="1", HOSTNAME=os.uname().nodename)

    def run(self, service: dict[str, Any], command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command inside a service, to its end."""
        words = [self.translate(word) for word in command]
        return subprocess.run(words, cwd=ROOT, env=self.environment(service), capture_output=True, text=True, check=False)

    def check_health(self, service: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a service's own health check."""
        kind, *words = service["healthcheck"]["test"]
        return self.run(service, ["sh", "-c", *words] if kind == "CMD-SHELL" else words)

    @contextmanager
    def serving(self, service: dict[str, Any], when_ready: str) -> Iterator[None]:
        """Start a service's own command, wait until it prints that it is ready, and end it afterwards as Docker does."""
        process = subprocess.Popen(
            [self.translate(word) for word in service["command"]],
            cwd=ROOT,
            env=self.environment(service),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if when_ready in line:
                    break
            else:
                raise StackFailedError("".join(said))
            yield
            process.terminate()
            process.stdout.read()
            assert process.wait() in {0, -signal.SIGTERM}
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdout.close()
