"""The audit log's chain, written and read as the product does, and an owner of the database who breaks it."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection

from audit.management.commands import audit_export
from audit.models import Entry
from conclave import audit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


def close() -> None:
    """Do what the database does at the end of a transaction, of which a test has but one."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def without(*triggers: str) -> Iterator[None]:
    """Disable triggers, as nobody but the owner can."""
    close()
    with connection.cursor() as cursor:
        for name in triggers:
            cursor.execute(f"ALTER TABLE audit_entry DISABLE TRIGGER {name}")
        yield
        close()
        for name in triggers:
            cursor.execute(f"ALTER TABLE audit_entry ENABLE TRIGGER {name}")


def written(when: datetime, action: str, actor: str, **details: object) -> int:
    """Write an entry as it would have been at another time."""
    entry = Entry(action=action, actor=actor, who="w", meeting="m", details=details, salt="s")
    with without("audit_entry_begins"), patch.object(Entry.at.field, "auto_now_add", new=False):
        entry.at = when
        entry.save()
    return entry.pk


def tamper(statement: str) -> None:
    """Change the log as its owner."""
    with without("USER"), connection.cursor() as cursor:
        cursor.execute(statement)


def empty() -> None:
    """Begin anew, after a test that has really written."""
    tamper("DELETE FROM audit_entry; UPDATE audit_head SET number = 0, hash = repeat('0', 64)")


def export() -> str:
    """Return what the control node gets."""
    close()
    out = io.StringIO()
    call_command(audit_export.Command(), stdout=out)
    return out.getvalue()


def kinds(*seen: audit.Head) -> list[tuple[str, int]]:
    """Return what a verification finds."""
    return [(one.kind, one.number) for one in audit.verify(*audit.read(export()), seen)]
