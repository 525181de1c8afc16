"""Verification: checks against the live site, their evidence, and the breakers that show that they can fail."""

from __future__ import annotations

from conclave.verify.marks import NotApplicable, breaker, control

__all__ = ["NotApplicable", "breaker", "control"]
