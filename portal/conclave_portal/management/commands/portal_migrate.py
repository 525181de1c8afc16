"""``manage.py portal_migrate``: bring the database up to date as its owner, and grant the portal what it needs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from psycopg import sql

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

# In this order. The audit log is added to; its trigger lets names and addresses be erased after their time, and nothing
# else be changed. Where its chain ends, how long names are kept and which migrations were applied is the owner's word.
GRANTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM {user}",
    "GRANT UPDATE (actor, details, salt) ON audit_entry TO {user}",
    "REVOKE INSERT, UPDATE, DELETE ON audit_head, audit_policy FROM {user}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {user}",
)


class Command(BaseCommand):
    """Migrates, and grants."""

    help = "Bring the database up to date, and grant the portal's database role what it needs; run before each start."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the owner's name and password."""
        parser.add_argument(
            "--owner", type=Path, required=True, help="TOML file with user and password of the database's owner"
        )

    def handle(self, *_args: object, owner: Path, **_options: object) -> None:
        """Do it."""
        user = connection.settings_dict["USER"]
        known = tomllib.loads(owner.read_text(encoding="utf-8"))
        # Nothing has connected yet.
        connection.settings_dict.update(USER=known["user"], PASSWORD=known["password"])
        call_command("migrate", interactive=False, verbosity=0)
        # Together: at no moment may the portal do more than at the end.
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in GRANTS:
                cursor.execute(sql.SQL(statement).format(user=sql.Identifier(user)))
            cursor.execute("UPDATE audit_policy SET days = %s", [settings.CONFIG.retention.days])
