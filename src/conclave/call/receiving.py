"""What a participant receives of one sender, and what it makes of it."""

from __future__ import annotations

import asyncio
import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

from conclave.call import picture, tone
from conclave.call.messages import Heard, Seen
from conclave.call.numbers import Account
from conclave.call.transport import read_decoded

if TYPE_CHECKING:
    from collections.abc import Callable

# The server injects frames of 8x8 when a sender leaves; they prove nothing.
SMALLEST = 32
# A tone counts as heard when it carries nearly all of the level and is not faint.
DOMINANT_DB, FAINT_DBFS = 3.0, -40.0
# Louder than anything a probe sends at -12 dBFS: ciphertext played as audio.
NOISE_DBFS = -6.0
# After the first "key works" of a sender its other track may lag this long (measured: up to 220 ms).
UNMUTE_SECONDS = 0.5
GAP_SECONDS = 0.5
# Media that has not come for so long does not arrive.
ARRIVING_SECONDS = 1.0
# The first frame of a track comes within milliseconds of its decoding, or never (`insist`).
SHOWN_SECONDS = 2.0
RESUBSCRIPTIONS = 5
# Unsubscribed and subscribed at once would cancel each other at the server.
UNSUBSCRIBED_SECONDS = 0.5


@dataclass
class Window:
    """The measured time on this process's clock; None is "not yet"."""

    start: float | None = None
    end: float | None = None

    def contains(self, moment: float) -> bool:
        """Say whether the moment lies in the measured time."""
        return self.start is not None and moment >= self.start and (self.end is None or moment < self.end)

    def clip(self, first: float, second: float, now: float) -> float:
        """Return how many seconds of first..second lie in the measured time."""
        if self.start is None:
            return 0.0
        return max(0.0, min(second, self.end if self.end is not None else now) - max(first, self.start))

    def seconds(self, first: float, second: float) -> range:
        """Return the numbers of the measured seconds that first..second touches, from 0 on."""
        if self.start is None or second <= self.start:
            return range(0)
        last = second if self.end is None else min(second, self.end)
        return range(int(max(first, self.start) - self.start), math.ceil(last - self.start))


@dataclass
class Receiver:
    """Counts and listens to one sender.

    Parameters
    ----------
    tones:
        Frequencies of all probes; which one is heard says who is heard.
    window:
        The measured time, shared by all receivers of the process.
    alive:
        Called once, when video and audio have both arrived.
    """

    tones: tuple[int, ...]
    window: Window
    alive: Callable[[], None]
    clock: Callable[[], float]
    born: float
    account: Account = field(default_factory=Account)
    seen: Seen = field(default_factory=Seen)
    heard: Heard = field(default_factory=Heard)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _levels: list[float] = field(default_factory=list)
    _hits: dict[int, int] = field(default_factory=dict)
    _open_at: float | None = None
    _last_frame: float | None = None
    _last_tone: float | None = None
    _video: bool = False
    _audio: bool = False
    _told: bool = False

    @property
    def arriving(self) -> bool:
        """Whether video and a clear tone have arrived within the last second."""
        last = (self._last_frame, self._last_tone)
        return all(moment is not None and self.clock() - moment < ARRIVING_SECONDS for moment in last)

    def key_works(self) -> None:
        """Take note that the frame cryptor has decrypted: audio counts, and could be played, half a second from now."""
        if self._open_at is None:
            self._open_at = self.clock() + UNMUTE_SECONDS

    def key_unknown(self) -> None:
        """Take note that the connection is a new one: mute again until its cryptor has decrypted."""
        self._open_at = None

    async def watch(self, track: rtc.RemoteVideoTrack) -> None:
        """Count the frames of a video track until it ends."""
        stream = rtc.VideoStream(track, format=rtc.VideoBufferType.I420)
        try:
            async for event in stream:
                frame = event.frame
                if min(frame.width, frame.height) >= SMALLEST:
                    luma = np.frombuffer(frame.data, dtype=np.uint8, count=frame.width * frame.height)
                    self.frame(luma.reshape(frame.height, frame.width))
        finally:
            await stream.aclose()

    async def listen(self, track: rtc.RemoteAudioTrack) -> None:
        """Measure an audio track until it ends."""
        stream = rtc.AudioStream(track, sample_rate=tone.RATE, num_channels=1)
        pending = np.empty(0, dtype=np.int16)
        try:
            async for event in stream:
                pending = np.concatenate([pending, np.frombuffer(event.frame.data, dtype=np.int16)])
                while pending.size >= tone.BLOCK:
                    self.block(pending[: tone.BLOCK])
                    pending = pending[tone.BLOCK :]
        finally:
            await stream.aclose()

    def finish(self, now: float) -> tuple[Seen, Heard]:
        """Return the account, closing the last gap at `now`."""
        self._gap(self._last_frame if self._last_frame is not None else self.born, now, now)
        self._silence(now)
        self.seen.spans, self.seen.duplicates = self.account.spans, self.account.duplicates
        if self._levels:
            self.heard.level_dbfs = round(statistics.median(self._levels), 1)
            self.heard.hertz = max(self._hits, key=lambda hertz: self._hits[hertz])
            self.heard.own_tone_blocks = self._hits[self.heard.hertz]
        return self.seen, self.heard

    def frame(self, luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        """Enter a decoded frame."""
        now = self.clock()
        self.seen.frames += 1
        if self.seen.first_frame_seconds is None:
            self.seen.first_frame_seconds = round(now - self.born, 3)
        if self.window.contains(now):
            self.seen.frames_measured += 1
        self._gap(self._last_frame if self._last_frame is not None else self.born, now, now)
        self._last_frame = now
        number = picture.read(luma)
        if number is None:
            self.seen.unreadable += 1
            return
        self.account.add(number)
        self.arrived.set()
        self._video = True
        self._tell()

    def _gap(self, first: float, second: float, now: float) -> None:
        gap = self.window.clip(first, second, now)
        self.seen.longest_gap_ms = max(self.seen.longest_gap_ms, round(gap * 1000))
        _enter(self.seen.gaps_ms, self.window.seconds(first, second), gap)
        if gap > GAP_SECONDS:
            self.seen.without_media_ms += round(gap * 1000)

    def block(self, block: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> None:
        """Enter 100 ms of decoded audio."""
        now = self.clock()
        all_of_it = tone.loudness(block)
        strengths = tone.levels(block, self.tones)
        loudest = max(range(len(strengths)), key=strengths.__getitem__)
        level = strengths[loudest]
        clear = level > FAINT_DBFS and all_of_it - level < DOMINANT_DB
        if self._open_at is None or now < self._open_at:
            # Muted: what arrives before the key works may be ciphertext at full scale.
            self.heard.noise_before_key_ms += 100 * (all_of_it > NOISE_DBFS)
            self.heard.tone_before_key_blocks += clear
            return
        if clear:
            self._audio = True
            self._tell()
            self._silence(now)
            self._last_tone = now
        if self.window.contains(now):
            self.heard.blocks += 1
            if clear:
                self._levels.append(level)
                hertz = self.tones[loudest]
                self._hits[hertz] = self._hits.get(hertz, 0) + 1

    def _silence(self, now: float) -> None:
        if self._last_tone is not None:
            gap = self.window.clip(self._last_tone, now, now) - tone.BLOCK / tone.RATE
            self.heard.longest_gap_ms = max(self.heard.longest_gap_ms, round(gap * 1000))
            _enter(self.heard.gaps_ms, self.window.seconds(self._last_tone, now), gap)

    def _tell(self) -> None:
        if self._video and self._audio and not self._told:
            self._told = True
            self.alive()


def _enter(gaps: list[int], seconds: range, gap: float) -> None:
    """Note a gap, in seconds, in each second that it touches."""
    gaps.extend([0] * (seconds.stop - len(gaps)))
    for second in seconds:
        gaps[second] = max(gaps[second], round(gap * 1000))


async def insist(
    receiver: Receiver,
    track: rtc.RemoteVideoTrack,
    publication: rtc.RemoteTrackPublication,
    *,
    numbered: bool,
    shown_seconds: float = SHOWN_SECONDS,
    unsubscribed_seconds: float = UNSUBSCRIBED_SECONDS,
) -> None:
    """Subscribe anew to a track that WebRTC decodes and of which the SDK hands out nothing, or nothing legible.

    On a busy machine that became of 1 in 40 tracks (SDK 1.2.1): statistics counted a hundred decoded frames, and
    neither the first stream nor another one of the same track gave any; once a track gave frames without a number for
    half a minute. What the SFU does not send, or what the key does not open, is not decoded, and stays as it is.

    Parameters
    ----------
    numbered:
        Whether the sender is a probe, whose frames carry numbers.
    """

    def arrived() -> int:
        return receiver.account.last if numbered else receiver.seen.frames

    before = arrived()
    while publication.track is track and arrived() == before and receiver.seen.resubscribed < RESUBSCRIPTIONS:
        decoded = await read_decoded(track)
        await asyncio.sleep(shown_seconds)
        missing = publication.track is track and arrived() == before
        if missing and decoded and await read_decoded(track) > decoded:
            receiver.seen.resubscribed += 1
            publication.set_subscribed(False)
            await asyncio.sleep(unsubscribed_seconds)
            publication.set_subscribed(True)
            return
