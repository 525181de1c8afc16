"""What a command leaves behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command said.

    Parameters
    ----------
    status:
        Its exit status; -1 when a signal ended it.
    out, err:
        What it printed, nothing that a login shell printed before it.
    """

    status: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON object, or nothing when it printed none."""
        try:
            read = json.loads(self.out)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def reason(self) -> str:
        """The last line of what it complained about, or its exit status."""
        rows = self.err.strip().splitlines()
        return rows[-1] if rows else f"exit status {self.status}"
