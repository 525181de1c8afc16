"""The audit log: what happened, when, by whom. Rows are only ever added; the database itself refuses anything else."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One event. It names no title, PIN, token or key; the meeting stands by its id, also after it was deleted."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    action = models.CharField(max_length=40)
    actor = models.CharField(max_length=255, blank=True)
    meeting = models.CharField(max_length=40, blank=True, db_index=True)
    details = models.JSONField(default=dict)

    class Meta:
        """Names for Django."""

        ordering = ("pk",)
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor} {self.action} {self.meeting}"
