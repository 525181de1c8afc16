"""What `conclave call --json` prints: a stable, versioned account of one call."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of the result; fields are only added within one schema version."""

    model_config = ConfigDict(extra="forbid")


class Track(Part):
    """One track and its encryption as signalled; strict participants refuse what is not GCM."""

    kind: Literal["audio", "video"]
    encryption: Literal["none", "gcm", "custom"]
    refused: bool


class Reception(Part):
    """What one participant received of one sender in the measured time."""

    sender: str
    probe: bool = Field(description="False for a browser or another client: it sends no numbers and no known tone.")
    tracks: list[Track]
    frames_sent: int | None = Field(description="Numbers the sender sent; unknown when it is no probe.")
    frames_decoded: int
    share: float | None = Field(description="frames_decoded / frames_sent, 0 to 1.")
    frames_missing: int | None
    frames_missing_in_a_row: int | None
    packets_lost: int | None = Field(
        default=None, description="RTP packets of video and audio that were lost; unknown of one who left."
    )
    frames_duplicated: int
    frames_unreadable: int
    longest_gap_ms: int
    gaps_ms: list[int] = Field(
        default=[], description="In each second of the measured time, the longest gap that touches it."
    )
    without_media_ms: int = Field(description="Sum of the gaps above half a second.")
    resubscribed: int = Field(
        default=0,
        description="How often the video was asked for anew, as the SDK gave nothing legible of what WebRTC decoded.",
    )
    first_frame_ms: int | None
    tone_hz: int | None = Field(description="The tone that was heard; each probe has its own.")
    tone_expected_hz: int | None
    tone_level_dbfs: float | None
    tone_share: float | None = Field(description="Share of the blocks of 100 ms with a clear tone, 0 to 1.")
    sound_gap_ms: int = Field(default=0, description="The longest time without a clear tone.")
    sound_gaps_ms: list[int] = Field(default=[], description="The same for each second of the measured time.")
    sound_concealed_ms: int | None = Field(
        default=None,
        description="Audio the receiver concealed (W3C concealedSamples), in all; unknown of one who left.",
    )
    noise_before_key_ms: int = Field(description="Loud noise that the mute rule kept from the ears, at the join.")


class Participant(Part):
    """One participant's account."""

    name: str
    identity: str
    zone: Literal["users", "outside"] = "users"
    bound: str = Field(default="", description="Outside: udp4, udp6, tcp4, turn4, or any; inside: empty.")
    error: str | None = None
    admission_ms: int | None = None
    connect_ms: int | None = None
    frames_sent: int = 0
    tone_hz: int | None = None
    reconnects: int = 0
    returns: int = Field(default=0, description="How often it rejoined with a new admission.")
    without_connection_ms: int = 0
    path: Literal["udp", "tcp", "relay", "none"] = "none"
    address: str = Field(default="", description="Its own end of the media path, as address:port.")
    server_address: str = Field(default="", description="The other end, as it sees it.")
    node: str | None = Field(default=None, description="The media host at the other end; unknown through a relay.")
    dtls_cipher: str = ""
    srtp_cipher: str = ""
    round_trip_ms: float | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    packets_received: int = 0
    cpu_percent: float | None = Field(default=None, description="Processor time over time in the call, of one core.")
    published: list[Track] = Field(default_factory=list)
    receives: list[Reception] = Field(default_factory=list)


class Outsider(Part):
    """One who was let in with another key: the server relays to it, and it must make nothing of what it gets."""

    name: str
    identity: str
    error: str | None = None
    path: Literal["udp", "tcp", "relay", "none"] = "none"
    packets_received: int = Field(default=0, description="Above 0, or nothing was tried.")
    frames_decoded: int = 0
    tones_heard: int = Field(default=0, description="Blocks of 100 ms with a clear tone.")


class BrowserTrack(Part):
    """One track as a browser received it."""

    sender: str
    kind: Literal["audio", "video"]
    encryption: str = Field(description="As the web client shows it; `encrypted` is the only good one.")
    frames_decoded: int
    audio_energy: float = Field(description="Sum of the squared level over seconds; silence stays near 0.")


class Browser(Part):
    """The account of a real browser in the call."""

    name: str
    join_ms: int | None
    tracks: list[BrowserTrack]
    refused: int = Field(description="Tracks the client refused because they were not encrypted.")
    encrypted: bool


class CallResult(Part):
    """The account of one call."""

    schema_version: Literal[1] = 1
    site: str
    started_at: datetime
    seconds: float
    machine_busy: float = Field(
        default=0,
        description="Share of the time in which something here waited for a processor: near 1, distrust losses.",
    )
    participants: list[Participant]
    wrong_key: Outsider | None = None
    browser: Browser | None = None
    encrypted: bool = Field(description="Every track of everybody was signalled as, and decoded as, AES-GCM.")
    problems: list[str]
    notices: list[str] = Field(
        default=[], description="What went wrong beside the call and does not change its result."
    )
    inside_ok: bool = Field(description="Good among those inside the site, whatever became of those outside.")
    ok: bool
