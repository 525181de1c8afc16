"""Preflight: everything about the hosts that would make a deploy fail, found before it starts."""

from __future__ import annotations

from conclave.preflight.requirements import Finding
from conclave.preflight.run import Report, run

__all__ = ["Finding", "Report", "run"]
