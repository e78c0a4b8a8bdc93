"""The folder `platform/` must not take the place of Python's own module `platform`."""

import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.stack import ROOT


def test_the_folder_is_no_package_and_holds_one():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert [path.name for path in (ROOT / "platform").iterdir() if path.name != "__pycache__"] == ["stackyard"]


def test_no_test_lives_in_it():
    assert not list((ROOT / "platform").rglob("test_*.py"))
    assert not list((ROOT / "platform").rglob("conftest.py"))


def test_platform_is_the_standard_librarys():
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_a_program_in_the_root_has_both():
    code = "import platform, uuid, stackyard; print(platform.system(), stackyard.__file__)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.split() == [platform.system(), str(ROOT / "platform" / "stackyard" / "__init__.py")]
