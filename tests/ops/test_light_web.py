"""The web process stays small: what computes is loaded by workers only."""

import subprocess
import sys

from tests.stack import ROOT, clean_environment

HEAVY = {"torch", "sklearn", "numba", "scipy", "pandas"}
LOAD_EVERYTHING = f"""
import sys
import stackyard.config.asgi
from django.urls import get_resolver
get_resolver().reverse_dict
get_resolver().resolve("/api/v1/health")
print(*sorted({HEAVY} & set(sys.modules)))
"""


def loaded_by(code: str, home) -> list[str]:
    environment = clean_environment(STACKYARD_HOME=str(home))
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_the_web_process_with_all_its_addresses_loads_nothing_heavy(tmp_path):
    assert loaded_by(LOAD_EVERYTHING, tmp_path) == []


def test_a_worker_waits_without_what_it_may_never_need(tmp_path):
    code = f"import sys, stackyard.config.worker as w; w.app.loader.import_default_modules(); print(*sorted({HEAVY} & set(sys.modules)))"

    assert loaded_by(code, tmp_path) == []


def test_the_guard_can_fail(tmp_path):
    assert "numba" in loaded_by(f"import sys, numba; print(*sorted({HEAVY} & set(sys.modules)))", tmp_path)
