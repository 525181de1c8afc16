"""A bare LiveKit server on loopback, when one has been built: the call without a site."""

from __future__ import annotations
