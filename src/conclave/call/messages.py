"""What the parent and a participant's process say to each other, one JSON object a line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Message(BaseModel):
    """A line on the pipe; unknown fields are refused, both ends are of one release."""

    model_config = ConfigDict(extra="forbid")


class Begin(Message):
    """Who you are. Sent once, before the admission, so that start-up time does not eat the token's minute."""

    kind: Literal["begin"] = "begin"
    label: str
    index: int
    key: str = Field(repr=False)
    publishes: bool
    encrypts: bool = True
    width: int
    height: int
    rate: int
    tones: list[int]
    # Display names of all probes: who comes back has another identity, and the same name.
    names: list[str]


class Ask(Message):
    """Ask the portal for admission from where you stand, as a guest does who was told the meeting and its PIN."""

    kind: Literal["ask"] = "ask"
    portal: str
    meeting: str
    name: str
    pin: str = Field(repr=False)


class Join(Message):
    """Enter the room."""

    kind: Literal["join"] = "join"
    url: str
    token: str = Field(repr=False)


class Measure(Message):
    """The measured time begins: frames from the next one on count."""

    kind: Literal["measure"] = "measure"


class Stop(Message):
    """The measured time ends; go on sending until told to leave, so that the last frames are pushed through."""

    kind: Literal["stop"] = "stop"


class Look(Message):
    """Say whose media arrive at this moment."""

    kind: Literal["look"] = "look"


class Leave(Message):
    """Report once the named senders' last measured frames are in, at the latest after `patience` seconds, and leave."""

    kind: Literal["leave"] = "leave"
    last: dict[str, int]
    patience: float


Command = Annotated[Begin | Ask | Join | Measure | Look | Stop | Leave, Field(discriminator="kind")]


class Ready(Message):
    """The process has started and waits for its admission."""

    kind: Literal["ready"] = "ready"


class Admitted(Message):
    """The portal's answer: where to go and the token that opens it."""

    kind: Literal["admitted"] = "admitted"
    url: str
    token: str = Field(repr=False)


class Refused(Message):
    """The portal said no, or nothing."""

    kind: Literal["refused"] = "refused"
    reason: str


class Joined(Message):
    """The room is entered and the own tracks are published."""

    kind: Literal["joined"] = "joined"
    identity: str
    connect_seconds: float


class Media(Message):
    """Video and tone of this sender arrive; said once per sender (a probe's name, else an identity)."""

    kind: Literal["media"] = "media"
    sender: str


class Arriving(Message):
    """Whose video and tone have arrived within the last second (probes' names, else identities)."""

    kind: Literal["arriving"] = "arriving"
    senders: list[str]


class Lost(Message):
    """The connection was lost and is not coming back by itself; another admission is needed."""

    kind: Literal["lost"] = "lost"
    reason: str


class Stopped(Message):
    """Frame numbers sent in the measured time: first <= n < end."""

    kind: Literal["stopped"] = "stopped"
    first: int
    end: int


class Failed(Message):
    """The participant cannot go on."""

    kind: Literal["failed"] = "failed"
    reason: str


class TrackSeen(Message):
    """One track as signalled; an unencrypted one is refused, not subscribed to."""

    kind: Literal["audio", "video"]
    encryption: Literal["none", "gcm", "custom"]
    refused: bool = False


class Heard(Message):
    """The audio of one sender in the measured time, in blocks of 100 ms."""

    blocks: int = 0
    own_tone_blocks: int = 0
    # The median level of the loudest known tone, and which of them it was.
    level_dbfs: float | None = None
    hertz: int | None = None
    # The longest time from one block with a clear tone to the next, less the length of a block.
    longest_gap_ms: int = 0
    # In each second of the measured time, the longest gap that touches it.
    gaps_ms: list[int] = Field(default_factory=list)
    noise_before_key_ms: int = 0
    # Clear tones before the key was known to work: 0 for whoever has no right key.
    tone_before_key_blocks: int = 0


class Seen(Message):
    """The video of one sender."""

    spans: list[list[int]] = Field(default_factory=list)
    frames: int = 0
    resubscribed: int = 0
    frames_measured: int = 0
    unreadable: int = 0
    duplicates: int = 0
    first_frame_seconds: float | None = None
    longest_gap_ms: int = 0
    # In each second of the measured time, the longest gap that touches it.
    gaps_ms: list[int] = Field(default_factory=list)
    without_media_ms: int = 0


class Flow(Message):
    """What WebRTC itself counts of the tracks of one sender (W3C webrtc-stats)."""

    packets_lost: int = 0
    concealed_ms: int = 0


class Stream(Message):
    """Everything received from one sender; its flow is that of the measured time, None when a track of it is gone."""

    sender: str
    name: str
    tracks: list[TrackSeen]
    seen: Seen
    heard: Heard
    flow: Flow | None = None


class Transport(Message):
    """The path that media took."""

    path: Literal["udp", "tcp", "relay", "none"] = "none"
    # Both ends of the chosen candidate pair, as address:port.
    local: str = ""
    remote: str = ""
    dtls: str = ""
    srtp: str = ""
    round_trip_ms: float | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    video_packets_received: int = 0
    audio_packets_received: int = 0


class Report(Message):
    """The participant's account of the call."""

    kind: Literal["report"] = "report"
    reconnects: int
    returns: int
    without_connection_ms: int
    published: list[TrackSeen]
    streams: list[Stream]
    transport: Transport
    cpu_seconds: float
    joined_seconds: float


Event = Annotated[
    Ready | Admitted | Refused | Joined | Media | Arriving | Lost | Stopped | Failed | Report,
    Field(discriminator="kind"),
]

COMMAND: TypeAdapter[Begin | Ask | Join | Measure | Look | Stop | Leave] = TypeAdapter(Command)
EVENT: TypeAdapter[Ready | Admitted | Refused | Joined | Media | Arriving | Lost | Stopped | Failed | Report] = (
    TypeAdapter(Event)
)
