"""The one way to a host: who signs in where, a connection, an answer, and many hosts side by side.

It knows hosts only as logins. What a site is, and what is asked of its hosts, is its users' business.
"""

from __future__ import annotations

from conclave.remote.login import Login

__all__ = ["Login"]
