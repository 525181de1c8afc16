"""The ASGI application uvicorn runs."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conclave_portal.settings")

application = get_asgi_application()
