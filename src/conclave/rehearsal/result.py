"""What `conclave rehearse network --json` prints: a stable, versioned account of one rehearsal."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from conclave.rehearsal.profiles import MediaPath, Verdict

Hop = Literal["", "name server", "client network", "tls proxy", "site router", "edge host", "media host", "portal"]


class Part(BaseModel):
    """A part of the result; fields are only added within one schema version."""

    model_config = ConfigDict(extra="forbid")


class Measured(BaseModel):
    """What the page `/check` wrote down; what it writes beyond this is passed over."""

    model_config = ConfigDict(extra="ignore")

    path: MediaPath
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
    """How far one flow gets, to one address, without a browser."""

    flow: str
    protocol: Literal["tcp", "udp"]
    address: str
    port: int
    state: Literal["open", "refused", "prohibited", "silent"] = Field(
        description="UDP to the media server itself is silent at best: it answers known partners only."
    )
    by: str = Field(default="", description="Who rejected it, as far as known.")
    last: str = Field(default="", description="The last router on the path that answered.")
    milliseconds: float | None = None
    own: str = Field(default="", description="Our end, as address:port.")
    mapped: str = Field(default="", description="Our address and port as the other end saw them.")


class Certificate(Part):
    """What a TLS server showed for a name."""

    name: str
    issuer: str = ""
    trusted: bool = Field(default=False, description="By the site's authority, for this name, now.")
    foreign: bool = Field(default=False, description="Signed by somebody whom the site does not know.")
    error: str = ""


class Seen(Part):
    """Everything that was observed in a profile; the diagnosis is made of nothing else."""

    names: dict[str, list[str]] = Field(default_factory=dict)
    reached: list[Reached] = Field(default_factory=list)
    certificates: list[Certificate] = Field(default_factory=list)
    mtu: int | None = Field(default=None, description="Largest packet on the path to the relay, in bytes.")
    page: Measured | None = Field(default=None, description="None when the page did not come to an end.")
    page_error: str = Field(default="", description="Why it did not: the browser's own word.")
    page_status: int | None = None


class Rule(Part):
    """The firewall rule to request."""

    flow: str
    protocol: str
    port: int
    name: str
    addresses: list[str]
    unopened: bool = Field(default=False, description="TLS is to be passed on as it is.")

    @property
    def sentence(self) -> str:
        """The rule as a sentence."""
        what = f"{self.protocol.upper()} {self.port} to {self.name} ({', '.join(self.addresses)})"
        return f"{what}, without TLS inspection" if self.unopened else what


class Sentence(Part):
    """Something said to people, by its code in ``sentences``; a value may be a part that has a language of its own."""

    code: str
    values: dict[str, Value] = Field(default_factory=dict)


Value = Sentence | int | float | str | list[str]


class Finding(Part):
    """What the observations mean."""

    verdict: Verdict
    path: MediaPath
    hop: Hop = Field(default="", description="Where it goes wrong; empty when nothing does.")
    hop_name: str = Field(default="", description="That hop's name or address, as far as known.")
    why: str = Field(description="In English; `said` has it for every language.")
    ask: list[Rule] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list, description="In English; `noted` has them for every language.")
    said: Sentence
    noted: list[Sentence] = Field(default_factory=list)


class ProfileResult(Part):
    """One profile: what was promised, seen, and made of it."""

    profile: str
    about: str
    promise: Verdict
    kept: bool = Field(description="Verdict and path are the expected ones.")
    finding: Finding
    seen: Seen
    seconds: float


class RehearsalResult(Part):
    """The account of one rehearsal."""

    schema_version: Literal[2] = 2
    site: str
    zone: str
    started_at: datetime
    profiles: list[ProfileResult]
    ok: bool
