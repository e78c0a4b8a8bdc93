"""`python -m stackyard.demo` is `manage.py run_demo`."""

import os

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stackyard.config.settings")
execute_from_command_line(["manage.py", "run_demo"])
