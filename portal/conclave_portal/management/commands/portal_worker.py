"""``manage.py portal_worker``: do scheduled work when it is due; runs as a service."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque

import psycopg
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from media import due

logger = logging.getLogger("conclave.portal.worker")

# A database that is being restarted comes back within seconds.
_AGAIN = 1.0


class Command(BaseCommand):
    """Runs until it is killed, at any moment: what is not done stays in the database."""

    help = "Remove participants who were not admitted, and do scheduled work when it is due; runs until it is killed."
    requires_system_checks: list[str] = []

    def handle(self, *_args: object, **_options: object) -> None:
        """Work, wait, and begin again."""
        _tell_systemd("READY=1")
        while True:
            try:
                _round()
            except (DatabaseError, psycopg.Error) as error:
                logger.warning("the database does not answer: %s", type(error).__name__)
                connection.close()
                time.sleep(_AGAIN)


def _round() -> None:
    """Do what is due, and wait until something is, or is said to be."""
    with connection.cursor() as cursor:
        # Each time, as the connection may be a new one; before looking, so that nothing is missed.
        cursor.execute(f"LISTEN {due.CHANNEL}")
    pause = due.work().total_seconds()
    # A round that hangs is ended by systemd, which then starts anew.
    _tell_systemd("WATCHDOG=1")
    deque(connection.connection.notifies(timeout=pause, stop_after=1), maxlen=0)


def _tell_systemd(what: str) -> None:
    """Send a message of sd_notify(3), if systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        notify.send(what.encode())
