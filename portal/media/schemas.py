"""What ``/api/check`` answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field


class PortsOut(Schema):
    """Ports by the way that picture and sound may take."""

    udp: int
    tcp: int
    turn_udp: int
    turn_tls: int


class CheckOut(Schema):
    """A room for checking a connection."""

    url: str
    room: str
    tokens: Annotated[
        list[str],
        Field(min_length=2, max_length=2, description="The first may only send, the second only receive; once each."),
    ]
    ports: PortsOut
    expires_at: datetime
