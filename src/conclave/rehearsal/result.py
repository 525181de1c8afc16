"""What `conclave rehearse network --json` prints: a stable, versioned account of one rehearsal."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from conclave.rehearsal.cells import Verdict, Way

Hop = Literal["", "name server", "client network", "tls proxy", "site router", "edge host", "media host", "portal"]


class Part(BaseModel):
    """A part of the result; fields are only added within one schema version."""

    model_config = ConfigDict(extra="forbid")


class Measured(BaseModel):
    """What the page `/check` wrote down; what it writes beyond this is passed over."""

    model_config = ConfigDict(extra="ignore")

    path: Way
    stage: str
    address_family: int | None = None
    round_trip_ms: float | None = None
    loss_percent: float | None = None
    jitter_ms: float | None = None
    frames_sent: int | None = None
    frames_received: int | None = None
    receive_kbps: float | None = None
    join_ms: float | None = None
    paths: dict[str, str] = Field(default_factory=dict, description="used, open, blocked or untried, by media path.")
    blocked: list[str] = Field(default_factory=list)
    refused: str | None = None


class Reached(Part):
    """How far one way goes, to one address, without a browser."""

    flow: str
    protocol: Literal["tcp", "udp"]
    address: str
    port: int
    state: Literal["open", "refused", "prohibited", "silent"] = Field(
        description="UDP to the media server itself is silent at best: it answers known partners only."
    )
    by: str = Field(default="", description="Who said no, as far as that could be seen.")
    last: str = Field(default="", description="The last on the way who was heard of; routers, not the goal.")
    milliseconds: float | None = None
    own: str = Field(default="", description="Our end, as address:port.")
    mapped: str = Field(default="", description="Our end as the other end saw it.")


class Certificate(Part):
    """What a TLS server showed for a name."""

    name: str
    issuer: str = ""
    trusted: bool = Field(default=False, description="By the site's authority, for this name, now.")
    foreign: bool = Field(default=False, description="Signed by somebody whom the site does not know.")
    error: str = ""


class Seen(Part):
    """Everything that was observed in a cell; the diagnosis is made of nothing else."""

    names: dict[str, list[str]] = Field(default_factory=dict)
    ways: list[Reached] = Field(default_factory=list)
    certificates: list[Certificate] = Field(default_factory=list)
    mtu: int | None = Field(default=None, description="Largest packet of the way to the relay, in bytes.")
    page: Measured | None = Field(default=None, description="None when the page did not come to an end.")
    page_error: str = Field(default="", description="Why it did not: the browser's own word.")
    page_status: int | None = None


class Rule(Part):
    """What to ask the keeper of a network box for."""

    flow: str
    protocol: str
    port: int
    name: str
    addresses: list[str]
    unopened: bool = Field(default=False, description="TLS is to be passed on as it is.")

    @property
    def sentence(self) -> str:
        """The rule in words."""
        what = f"{self.protocol.upper()} {self.port} to {self.name} ({', '.join(self.addresses)})"
        return f"{what}, TLS passed on unopened" if self.unopened else what


class Finding(Part):
    """What the observations mean."""

    verdict: Verdict
    way: Way
    hop: Hop = Field(default="", description="Where it goes wrong; empty when nothing does.")
    hop_name: str = Field(default="", description="That hop's name or address, as far as known.")
    why: str
    ask: list[Rule] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class CellResult(Part):
    """One cell: what was promised, seen, and made of it."""

    cell: str
    about: str
    promise: Verdict
    kept: bool = Field(description="Verdict and way are the promised ones.")
    finding: Finding
    seen: Seen
    seconds: float


class RehearsalResult(Part):
    """The account of one rehearsal."""

    schema_version: Literal[1] = 1
    site: str
    zone: str
    started_at: datetime
    cells: list[CellResult]
    ok: bool
