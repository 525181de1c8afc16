"""Response of ``/api/check``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field


class PortsOut(Schema):
    """Ports of the paths that video and audio can take."""

    udp: int
    tcp: int
    turn_udp: int
    turn_tls: int


class CheckOut(Schema):
    """A temporary room in which a browser checks its connection."""

    url: str
    room: str
    tokens: Annotated[
        list[str],
        Field(
            min_length=2,
            max_length=2,
            description="The first may only send, the second only receive. Each is valid for one connection.",
        ),
    ]
    ports: PortsOut
    expires_at: datetime
