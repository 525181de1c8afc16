"""The audit log: what happened, when, by whom. Rows are only ever added; the database itself refuses anything else.

Each entry is bound to the one before it. The database does that (``migrations/0004_chain.py``), under its owner's
rights and under a lock, so that all processes write one chain and none can write another. The hash of an entry is the
SHA-256, in hexadecimal digits, of this array in UTF-8, in the form of PostgreSQL's ``jsonb`` (one blank after each
comma and nothing escaped that need not be, as ``json.dumps(..., ensure_ascii=False)`` writes it)::

    [number, previous, at, action, who, meeting, sealed, details]

``number`` counts from 1 without gaps; ``previous`` is the hash of the entry before, of the first one 64 zeros; ``at``
is ``2026-11-30T12:00:00.123456Z``; ``details`` is the text of the ``jsonb`` without its key ``address``. ``sealed`` is
the SHA-256 of ``[salt, actor, address]``: when name and address are erased the salt goes with them, so the chain stays
valid, and nobody can try out which name it was.
"""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One event. It names no title, PIN, token or key; the meeting stands by its id, also after it was deleted."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    action = models.CharField(max_length=40)
    # The name, until its time is over; `who` is the same person's pseudonym and stays.
    actor = models.CharField(max_length=255, blank=True)
    who = models.CharField(max_length=32, blank=True, db_default="")
    meeting = models.CharField(max_length=40, blank=True, db_index=True)
    details = models.JSONField(default=dict)
    # The database's: whatever is sent for them is replaced.
    number = models.BigIntegerField(null=True, unique=True, editable=False)
    previous = models.CharField(max_length=64, db_default="", editable=False)
    hash = models.CharField(max_length=64, db_default="", editable=False)
    sealed = models.CharField(max_length=64, db_default="", editable=False)
    salt = models.CharField(max_length=36, db_default="", editable=False)

    class Meta:
        """Names for Django."""

        ordering = ("pk",)
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor} {self.action} {self.meeting}"
