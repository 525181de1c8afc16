"""``manage.py portal_check``: whether the portal is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from conclave_portal.health import PROBES, look

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Asks what the portal stands on; exit status 1 and one line for each that failed."""

    help = "Check database, migrations, cache, SFU, identity server and worker; exit status 1 if one of them fails."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names of the services to ask."""
        parser.add_argument("service", nargs="*", choices=[[], *PROBES], help="only these; default: all")

    def handle(self, *_args: object, service: list[str], **_options: object) -> None:
        """Ask, print, and fail if one failed."""
        found: dict[str, str] = {**look(*service)}
        if found.get("database") == "ok":
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
            found["migrations"] = f"{len(pending)} not applied: run manage.py migrate" if pending else "ok"
        for name, state in found.items():
            self.stdout.write(f"{name}: {state}")
        if any(state != "ok" for state in found.values()):
            raise CommandError("the portal is not ready")
