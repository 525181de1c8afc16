"""``manage.py audit_export``: the audit log and the head of its chain as JSON lines, for ``conclave audit``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand
from django.db import connection

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

# The details as the database writes them: their text is what was hashed.
_ENTRIES = """
    SELECT number, previous, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), action, who, meeting,
        sealed, (details - 'address')::text, hash, salt, actor, coalesce(details ->> 'address', '')
    FROM audit_entry WHERE number IS NULL OR (number > %s AND number <= %s) ORDER BY number NULLS LAST, id
"""
_NAMES = (
    *("number", "previous", "at", "action", "who", "meeting", "sealed", "details"),
    *("hash", "salt", "actor", "address"),
)
_PIECE = 1000


class Command(BaseCommand):
    """Prints one entry a line, and the head last."""

    help = "Print the audit log as JSON lines, one entry a line, and at the end the head of its chain of hashes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to begin."""
        parser.add_argument("--last", type=int, metavar="NUMBER", help="only so many entries before the end")

    def handle(self, *_args: object, last: int | None, **_options: object) -> None:
        """Print it."""
        with connection.cursor() as cursor:
            # First: what is added meanwhile comes after it.
            cursor.execute("SELECT number, hash FROM audit_head")
            number, digest = cursor.fetchone()
            cursor.execute(_ENTRIES, [max(0, number - last) if last else 0, number])
            while rows := cursor.fetchmany(_PIECE):
                for row in rows:
                    self.stdout.write(json.dumps(dict(zip(_NAMES, row, strict=True)), ensure_ascii=False))
        self.stdout.write(json.dumps({"head": {"number": number, "hash": digest}}))
