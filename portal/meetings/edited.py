"""What apps above this one hear of a meeting."""

from __future__ import annotations

from django.dispatch import Signal

# Its organiser has changed it; with the meeting, locked in this transaction, and the names of the fields that differ.
edited = Signal()
