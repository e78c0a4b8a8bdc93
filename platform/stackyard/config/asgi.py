"""The web process: `uvicorn stackyard.config.asgi:application`."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from stackyard.config.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stackyard.config.settings")
# A form holds at most two files beside its fields.
application = BodyLimit(get_asgi_application(), 2 * settings.BLOB_LIMIT_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
