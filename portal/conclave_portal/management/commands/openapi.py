"""``manage.py openapi``: write the API's description."""

from __future__ import annotations

import json

from django.core.management.base import BaseCommand

from conclave_portal.api import api


def document() -> str:
    """Return the OpenAPI document as it stands in ``portal/openapi.json``."""
    return json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


class Command(BaseCommand):
    """Prints the OpenAPI document."""

    help = "Print the OpenAPI document; the client's types are generated from it."
    requires_system_checks: list[str] = []

    def handle(self, *_args: object, **_options: object) -> None:
        """Print it."""
        self.stdout.write(document(), ending="")
