"""The ASGI application uvicorn runs."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conclave_portal.settings")

_django = get_asgi_application()

# After Django's, which reads the settings.
from conclave_portal.streams import Streaming  # noqa: E402

application = Streaming(_django)
