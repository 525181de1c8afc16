"""How values stand in the cache: as JSON, which is data and never a program, whoever else can write there."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """What Django's cache asks of a serializer; numbers stand as they are, so that the server can count."""

    def dumps(self, value: Any) -> bytes:  # noqa: ANN401 - whatever JSON knows
        """Return a value as it is kept."""
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, kept: bytes) -> Any:  # noqa: ANN401
        """Return a kept value."""
        return json.loads(kept)
