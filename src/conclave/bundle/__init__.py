"""The bundle: everything a site installs, in one signed folder."""

from __future__ import annotations

from conclave.bundle.manifest import Manifest
from conclave.bundle.outcome import RefusedError
from conclave.bundle.verifying import verify

__all__ = ["Manifest", "RefusedError", "verify"]
