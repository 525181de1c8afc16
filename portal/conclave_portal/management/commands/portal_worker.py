"""``manage.py portal_worker``: do scheduled work when it is due; runs as a service."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from media import due

logger = logging.getLogger("conclave.portal.worker")

# A database that is being restarted comes back within seconds.
_AGAIN = 1.0


class Command(BaseCommand):
    """Runs until it is told to end. Scheduled work is in the database, so nothing is lost when it ends."""

    help = "Do scheduled work when it is due, such as closing rooms of connection checks; runs until SIGTERM."
    requires_system_checks: list[str] = []

    def handle(self, *_args: object, **_options: object) -> None:
        """Work, wait, and begin again."""
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        _tell_systemd("READY=1")
        while not ending.is_set():
            ending.wait(_round())


def _round() -> float:
    """Do what is due; return the seconds to wait."""
    try:
        seconds = due.work().total_seconds()
    except DatabaseError as error:
        logger.warning("the database does not answer: %s", type(error).__name__)
        connection.close()
        seconds = _AGAIN
    # A round that hangs is ended by systemd, which then starts anew.
    _tell_systemd("WATCHDOG=1")
    return seconds


def _tell_systemd(what: str) -> None:
    """Send a message of sd_notify(3), if systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        notify.send(what.encode())
