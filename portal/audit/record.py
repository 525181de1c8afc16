"""Writing to the audit log."""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Literal

from django.conf import settings

from audit.models import Entry
from conclave_portal.errors import Refusal
from conclave_portal.limits import Limit, network, spend

logger = logging.getLogger("conclave.portal.audit")

# Entries about one network, and about all: somebody may have many.
REFUSED = Limit("refused", tries=30, window=15 * 60)
REFUSED_ALL = Limit("refused-all", tries=1000, window=60 * 60)

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
    "changed",
    "waited",
    "let_in",
    "turned_away",
    "moved_back",
    "banned",
    "muted",
    "speech_changed",
    "role_changed",
    "locked",
    "unlocked",
    "floor_opened",
    "floor_closed",
    "cameras_opened",
    "cameras_closed",
    "sharing_opened",
    "sharing_closed",
    "chat_opened",
    "chat_closed",
    "stopped",
    "right_changed",
    "asked",
    "extended",
    "ended",
    "expected",
    "unexpected",
    "link_made",
    "link_revoked",
    "link_renewed",
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
    Entry.objects.create(
        action=action, actor=str(actor)[:255], who=pseudonym(actor, meeting), meeting=meeting, details=details
    )
    _say(action, actor, meeting, details)


def pseudonym(actor: object, meeting: str = "") -> str:
    """Return what stays of somebody when the name is erased.

    It is the same for one account everywhere, and for one guest's name at one meeting. Keyed with the portal's secret
    key, so that whoever has the log alone cannot try out names.

    Parameters
    ----------
    actor, meeting:
        As for `record`.
    """
    if not str(actor):
        return ""
    subject = getattr(actor, "subject", None)
    known = ["account", subject] if subject else ["name", meeting, str(actor)]
    text = "\0".join(("conclave portal: pseudonym in the audit log, 1", *known))
    return hmac.digest(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hex()[:32]


def refused(*, actor: object = "", meeting: str = "", address: str, reason: str) -> None:
    """Add an entry about somebody who was turned away, to the journal alone when there are too many.

    Whoever is turned away can come back as often as he likes, and no entry is ever deleted.

    Parameters
    ----------
    actor, meeting:
        As for `record`.
    address:
        Where the request came from.
    reason:
        Why.
    """
    details = {"reason": reason, "address": address}
    try:
        spend((REFUSED, network(address)), (REFUSED_ALL, ""))
    except Refusal:
        _say("refused", actor, meeting, {**details, "audited": False})
        return
    record("refused", actor=actor, meeting=meeting, **details)


def _say(action: Action, actor: object, meeting: str, details: dict[str, object]) -> None:
    # Names of guests are what strangers typed, so they are quoted and newlines cannot forge a line.
    logger.info("%s actor=%r meeting=%s %s", action, str(actor), meeting or "-", details or "")
