"""How much bandwidth a meeting takes: the one formula that plan, admission and shaping share.

Pure and without dependencies, because the portal carries a copy. Rates are kbit/s on the wire, Ethernet frame included,
unless a name says otherwise; uplinks are Mbit/s as in ``site.yml``.

    wire = k + (p * (RTP 12 + extensions 12 + SRTP tag 10 + UDP 8 + IP 20 or 40 + Ethernet 18) + f * 30) * 8 / 1000

with k the codec's kbit/s, f frames a second and p packets a second: f of audio, ``max(f, k * 125 / 1100)`` of video.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import floor, inf
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Bytes a packet adds, with their sources.
RTP = 12  # RFC 3550 section 5.1
EXTENSIONS = 12  # RFC 8285 section 4.2: header 4, two or three short elements (mid, time sent, transport-wide number)
SRTP_TAG = 10  # RFC 3711 section 4.2: HMAC-SHA1-80
UDP = 8  # RFC 768
IPV4, IPV6 = 20, 40  # RFC 791 section 3.1, RFC 8200 section 3
ETHERNET = 18  # IEEE 802.3 clause 3: addresses, type, check sequence
CHANNEL_DATA = 4  # RFC 8656 section 12.4
# Bytes a frame of LiveKit's end-to-end encryption adds: IV 12, GCM tag 16, trailer 2 (livekit-client src/e2ee/worker).
E2EE = 30
# Payload of video in one packet (libwebrtc keeps packets below 1200 bytes).
PAYLOAD = 1100

# Tiles on one page of the gallery, and speakers at once (LiveKit forwards every audio track; people take turns).
TILES = 9
SPEAKERS = 3
# With more tiles than these, 360p fills a tile of a stage 1920 pixels wide.
LARGE_TILES = 4

# Shares of an uplink: what calls may plan with, and the most of the whole link for audio, video, signalling.
SHARE_CALLS = 0.75
SHARE_AUDIO, SHARE_VIDEO, SHARE_SIGNALLING = 0.33, 0.45, 0.02

View = Literal["speaker", "gallery"]


@dataclass(frozen=True)
class Stream:
    """One encoded stream: the codec's kbit/s, frames a second, and whether it is audio."""

    name: str
    kbit: float
    frames: float
    audio: bool = False

    @property
    def packets(self) -> float:
        """Packets a second: an audio frame is one packet, a video frame takes as many as it needs."""
        return self.frames if self.audio else max(self.frames, self.kbit * 125 / PAYLOAD)


# What the web client publishes (livekit-client 2.23, src/room/track/options.ts).
SPEECH = Stream("audio, speech", 24, 50, audio=True)
AUDIO = Stream("audio", 48, 50, audio=True)
CAMERA = {
    180: Stream("camera 180p", 160, 20),
    360: Stream("camera 360p", 450, 20),
    540: Stream("camera 540p", 800, 25),
    720: Stream("camera 720p", 1700, 30),
    1080: Stream("camera 1080p", 3000, 30),
}
SCREEN = Stream("screen 1080p", 2500, 15)
# The second layer of a screen: half the size, a quarter of the rate (computeDefaultScreenShareSimulcastPresets).
SCREEN_LOW = Stream("screen 540p", 625, 15)
# The web client's largest layer (web/src/call/CallSession.ts).
CAMERA_TOP = 540


def wire(
    stream: Stream, *, ipv6: bool = False, encrypted: bool = True, extensions: int = EXTENSIONS, relayed: bool = False
) -> float:
    """Return what a stream takes on the wire, in kbit/s.

    Parameters
    ----------
    ipv6:
        Over IPv6, 20 bytes a packet more than over IPv4.
    encrypted:
        With LiveKit's end-to-end encryption of frames.
    extensions:
        Bytes of RTP header extensions; room systems behind a gateway have none.
    relayed:
        In TURN ChannelData frames.
    """
    packet = RTP + extensions + SRTP_TAG + UDP + (IPV6 if ipv6 else IPV4) + ETHERNET
    packet += CHANNEL_DATA if relayed else 0
    frame = E2EE if encrypted else 0
    return stream.kbit + (stream.packets * packet + stream.frames * frame) * 8 / 1000


@dataclass(frozen=True)
class Load:
    """What somebody takes in one direction, in kbit/s."""

    audio: float = 0.0
    video: float = 0.0

    @property
    def total(self) -> float:
        """Audio and video together."""
        return self.audio + self.video

    def __add__(self, other: Load) -> Load:
        return Load(self.audio + other.audio, self.video + other.video)

    def __mul__(self, times: float) -> Load:
        return Load(self.audio * times, self.video * times)


def published(camera: int = CAMERA_TOP, *, sharing: bool = False, ipv6: bool = False) -> Load:
    """Return what one participant sends: every layer of the camera up to this one, audio, and a screen share.

    Parameters
    ----------
    camera:
        Height of the largest layer; 0 when the camera stays off. Layers are 180p, 360p and this one.
    sharing:
        Whether a screen is shared as well, in both its layers.
    """
    streams = [CAMERA[height] for height in sorted({180, 360, camera} - {0}) if height <= camera]
    streams += [SCREEN_LOW, SCREEN] if sharing else []
    return Load(wire(AUDIO, ipv6=ipv6), sum(wire(stream, ipv6=ipv6) for stream in streams))


def received(
    people: int,
    view: View,
    *,
    camera: int = CAMERA_TOP,
    tiles: int = TILES,
    screen: Stream | None = None,
    ipv6: bool = False,
) -> Load:
    """Return what one participant receives.

    Speaker view: one large video and tiles of 180p below it. Gallery: tiles of 360p, up to four of the largest layer.
    While somebody shares a screen, it is the large video and all tiles are 180p, in both views.

    Parameters
    ----------
    people:
        In the meeting, the participant included.
    tiles:
        The most tiles with a camera.
    screen:
        The layer of the screen that somebody shares.
    """
    others = max(0, people - 1)
    seen = min(others, tiles)
    tile, large = CAMERA[180], [screen] if screen else []
    if view == "gallery" and not screen:
        tile = CAMERA[camera if seen <= LARGE_TILES else min(camera, 360)]
    elif seen and not screen:
        large, seen = [CAMERA[camera]], seen - 1
    video = sum(wire(stream, ipv6=ipv6) for stream in large) + seen * wire(tile, ipv6=ipv6)
    return Load(min(SPEAKERS, others) * wire(AUDIO, ipv6=ipv6), video)


@dataclass(frozen=True)
class Capacity:
    """How many participants a link carries: by all of their traffic, and by audio alone."""

    by_total: int
    by_audio: int

    @property
    def people(self) -> int:
        """The smaller of both."""
        return min(self.by_total, self.by_audio)


def carries(link: float, each: Load) -> Capacity:
    """Return how many participants a link carries: N = floor(0.75 L / D), and audio at most 0.33 L.

    Parameters
    ----------
    link:
        Mbit/s.
    each:
        What one of them takes.
    """
    kbit = link * 1000
    return Capacity(floor(SHARE_CALLS * kbit / each.total), floor(SHARE_AUDIO * kbit / each.audio))


@dataclass(frozen=True)
class Classes:
    """How a link is divided among traffic classes, in kbit/s; each may use what the others leave, audio excepted."""

    link: float
    audio: float
    video: float
    signalling: float

    @property
    def rest(self) -> float:
        """What is left for everything unmarked."""
        return self.link - self.audio - self.video - self.signalling


def classes(link: float, planned: Load | None = None) -> Classes:
    """Return the class sizes of a link: audio min(0.33 L, planned), video min(0.45 L, planned), signalling 0.02 L.

    RFC 4594 leaves the sizes to the operator; a third for the class that is served first is the usual bound.

    Parameters
    ----------
    link:
        Mbit/s.
    planned:
        What is planned to pass in this direction; without it each class is as large as it may be.
    """
    kbit = link * 1000
    return Classes(
        link=kbit,
        audio=min(SHARE_AUDIO * kbit, planned.audio if planned else inf),
        video=min(SHARE_VIDEO * kbit, planned.video if planned else inf),
        signalling=SHARE_SIGNALLING * kbit,
    )


class Cap(StrEnum):
    """What a participant from outside may use, best first."""

    FULL = "full"
    P360 = "360p"
    P180 = "180p"
    AUDIO = "audio"


# How far each cap may fill the share of calls, so that latecomers find room for audio at least.
STAGES = {Cap.FULL: 0.75, Cap.P360: 0.85, Cap.P180: 0.95, Cap.AUDIO: 1.0}


@dataclass(frozen=True)
class Outside:
    """One participant outside the site: what it may use, and the people in its meeting, itself included."""

    cap: Cap
    room: int


@dataclass(frozen=True)
class Cost:
    """What a participant from outside takes: ``down`` to it, out of the site; ``up`` from it, into the site."""

    down: Load
    up: Load


def cost(cap: Cap, room: int, *, ipv6: bool = False) -> Cost:
    """Return what a participant from outside takes in the most demanding view that the cap allows.

    FULL: every layer, nine tiles. P360: sends up to 360p, receives one large video of 360p, tiles of 180p and the
    lower layer of a screen. P180: sends and receives 180p, the lower layer of a screen in place of all tiles. AUDIO: no
    video.

    Parameters
    ----------
    room:
        People in the meeting, the participant included.
    """
    speaker = received(room, "speaker", camera={Cap.FULL: CAMERA_TOP, Cap.P360: 360}.get(cap, 180), ipv6=ipv6)
    if cap is Cap.AUDIO:
        return Cost(Load(audio=speaker.audio), published(0, ipv6=ipv6))
    if cap is Cap.P180:
        low = wire(SCREEN_LOW, ipv6=ipv6) if room > 1 else 0.0
        return Cost(Load(speaker.audio, max(speaker.video, low)), published(180, ipv6=ipv6))
    screen = received(room, "speaker", screen=SCREEN if cap is Cap.FULL else SCREEN_LOW, ipv6=ipv6)
    views = [speaker] + ([screen] if room > 1 else [])
    if cap is Cap.FULL:
        views.append(received(room, "gallery", ipv6=ipv6))
    largest = max(views, key=lambda view: view.total)
    return Cost(largest, published(CAMERA_TOP if cap is Cap.FULL else 360, ipv6=ipv6))


def fits(up: float, down: float, people: Iterable[Outside], stage: float = 1.0) -> bool:
    """Say whether an uplink carries these participants from outside, one of the unlimited sharing a screen.

    At most 0.75 of each direction, audio at most 0.33 of it. The rest is in reserve: for other traffic, for meetings
    that grow after somebody was let in, and for IPv6's longer headers.

    Parameters
    ----------
    up, down:
        Mbit/s out of and into the site.
    stage:
        Part of the share of calls that may be filled.
    """
    everybody = list(people)
    costs = [cost(one.cap, one.room) for one in everybody]
    out = sum((each.down for each in costs), Load())
    into = sum((each.up for each in costs), Load())
    if any(one.cap is Cap.FULL for one in everybody):
        into += Load(video=wire(SCREEN) + wire(SCREEN_LOW))
    return _within(out, up * 1000, stage) and _within(into, down * 1000, stage)


def _within(load: Load, kbit: float, stage: float) -> bool:
    return load.total <= stage * SHARE_CALLS * kbit and load.audio <= SHARE_AUDIO * kbit


def admit(up: float, down: float, room: int, others: Sequence[Outside]) -> Cap | None:
    """Return the best cap with which one more participant from outside still fits, or None when nobody fits any more.

    Full video is granted until three quarters of the share of calls are taken, then 360p, then 180p, then audio alone.

    Parameters
    ----------
    up, down:
        Mbit/s out of and into the site.
    room:
        People in the meeting that is joined, the participant included.
    others:
        Every participant from outside in all meetings; each keeps the cap that was given.
    """
    return next((cap for cap in Cap if fits(up, down, [*others, Outside(cap, room)], STAGES[cap])), None)


def admit_within(  # noqa: PLR0917 - an uplink and who is on it
    up: float, down: float, room: int, others: Sequence[Outside], own: Sequence[Outside], share: float
) -> Cap | None:
    """Return what `admit` does, and no more than fits when the meeting that is joined has a share of the uplink only.

    Parameters
    ----------
    up, down, room, others:
        As for `admit`.
    own:
        Those of `others` who are in the meeting that is joined.
    share:
        Its part of the uplink.
    """
    caps = (admit(up, down, room, others), admit(share * up, share * down, room, own))
    return None if None in caps else max(filter(None, caps), key=list(Cap).index)
