"""``manage.py record_mode_switch JSON``: the audit log's entry about a switch, for ``mode_switch``, in no hurry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from audit.record import record

if TYPE_CHECKING:
    from typing import Any

    from django.core.management.base import CommandParser

# A database that is being restarted or restored comes back within this.
PATIENCE = 600


class Command(BaseCommand):
    """Writes one entry, however slow the database is."""

    help = "Write the audit log's entry about a switch of the mode; waits up to ten minutes for the database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what happened."""
        parser.add_argument("entry", type=json.loads, help="actor, reason, mode and figures, as JSON")

    def handle(self, *_args: object, entry: dict[str, Any], **_options: object) -> None:
        """Write it."""
        _write(entry.pop("actor"), entry)


@retry(
    retry=retry_if_exception_type(DatabaseError),
    stop=stop_after_delay(PATIENCE),
    wait=wait_random_exponential(max=30),
    reraise=True,
    after=lambda _state: connection.close(),
)
def _write(actor: str, entry: dict[str, Any]) -> None:
    record("mode_announced", actor=actor, **entry)
