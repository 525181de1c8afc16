"""What every program of a host does first, and how it speaks."""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Depend on nothing in the surroundings."""
    # OpenSSL takes longer to load than a switch takes; Python's own SHA-256 is as good.
    sys.modules.setdefault("_hashlib", None)  # type: ignore[arg-type] # None is how an import is forbidden
    os.environ |= {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def tell(descriptor: int, text: str) -> None:
    """Write a text to whoever may still be there; who has gone away ends nothing."""
    try:
        os.write(descriptor, text.encode(errors="replace"))
    except OSError:
        return
