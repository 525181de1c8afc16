"""What the log must not hold: a meeting's id is half of an invitation, and an altered link may carry its key there."""

from __future__ import annotations

import logging
import re

# To the end, whatever stands there: what was taken into a link by mistake may have blanks and quotes.
_MEETING = re.compile(r"(/api/meetings/).+?(/(?:join|pin|public))?$", re.IGNORECASE | re.DOTALL)


def without_meeting(text: str) -> str:
    """Return the text with the route in place of a meeting's address."""
    return _MEETING.sub(lambda found: f"{found[1]}*{found[2] or ''}", text)


class RouteOnly(logging.Filter):
    """Replace the addresses of meetings in what is logged: Django writes the path of every request that it refuses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, which is always kept."""
        if isinstance(record.args, tuple):
            record.args = tuple(without_meeting(value) if isinstance(value, str) else value for value in record.args)
        record.msg = without_meeting(str(record.msg))
        return True
