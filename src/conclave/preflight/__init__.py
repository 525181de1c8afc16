"""Preflight: everything about the hosts that would make a deploy fail, found before it starts."""

from __future__ import annotations

from conclave.preflight.findings import Finding
from conclave.preflight.run import NOT_READY, Report, run

__all__ = ["NOT_READY", "Finding", "Report", "run"]
