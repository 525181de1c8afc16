"""Writing to the audit log."""

from __future__ import annotations

import logging
from typing import Literal

from audit.models import Entry

logger = logging.getLogger("conclave.portal.audit")

Action = Literal[
    "signed_in",
    "signed_out",
    "planned",
    "cancelled",
    "pin_shown",
    "admitted",
    "refused",
    "joined",
    "left",
    "removed",
    "mode_announced",
]


def record(action: Action, *, actor: object = "", meeting: str = "", **details: object) -> None:
    """Add one entry, and the same line to the journal.

    Parameters
    ----------
    action:
        What happened.
    actor:
        Who did it: a user, or the name a guest gave.
    meeting:
        Id of the meeting, if it is about one.
    details:
        Plain values; never a title, PIN, token or key.
    """
    Entry.objects.create(action=action, actor=str(actor)[:255], meeting=meeting, details=details)
    # Names of guests are what strangers typed, so they are quoted and newlines cannot forge a line.
    logger.info("%s actor=%r meeting=%s %s", action, str(actor), meeting or "-", details or "")
