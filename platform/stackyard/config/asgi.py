"""The web process: `uvicorn stackyard.config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stackyard.config.settings")
application = get_asgi_application()
