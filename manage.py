#!/usr/bin/env python
"""Django's command line for the server: `up`, `create_member`, `migrate` and the rest."""

import argparse
import os
import sys

from django.core.management import execute_from_command_line


def adopt_home(arguments: list[str]) -> None:
    """Let `--home DIR` count before the settings are loaded: they read STACKYARD_HOME once."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--home")
    home = parser.parse_known_args(arguments)[0].home
    if home:
        os.environ["STACKYARD_HOME"] = home


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stackyard.config.settings")
    adopt_home(sys.argv[1:])
    execute_from_command_line(sys.argv)
