"""Outside names that were asked for at the site's own name server: an attempt that no packet filter sees."""

from __future__ import annotations

import re
from collections import Counter

# unbound with `log-local-actions: yes`: "[1700000000] unbound[812:0] info: . refuse 192.0.2.34@51234 name. A IN"
_REFUSED = re.compile(
    r"info: \S+ (?:always_)?refuse (?P<client>[0-9a-fA-F.:]+)@\d+ (?P<name>\S+?)\.? (?P<type>\S+) \S+$", re.MULTILINE
)


def read(log: str) -> Counter[tuple[str, str, str]]:
    """Return how often each client asked for which outside name and type."""
    return Counter((found["client"], found["name"].lower(), found["type"]) for found in _REFUSED.finditer(log))
