"""A receiver counts frames, gaps and tones in the measured time, and keeps noise from the ears."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from livekit.rtc._proto import stats_pb2

from conclave.call import tone
from conclave.call.picture import Picture, Size
from conclave.call.receiving import RESUBSCRIPTIONS, UNMUTE_SECONDS, Receiver, Window, insist

if TYPE_CHECKING:
    from livekit import rtc

SIZE = Size(320, 192)
PICTURE = Picture(SIZE, 0)


@dataclass
class Track:
    """A track whose decoder makes `rate` frames between two looks, and of which one is `shown` then."""

    receiver: Receiver
    rate: int
    shown: str = ""
    numbered: bool = True
    looks: int = 0
    asked: list[bool] = field(default_factory=list)

    @property
    def track(self) -> Track:
        return self

    async def get_stats(self) -> list[stats_pb2.RtcStats]:
        self.looks += 1
        if self.looks > 3:
            # What is neither decoded nor shown goes on until the track ends.
            raise EndedError
        if self.shown == "number":
            show(self.receiver, self.looks)
        self.receiver.seen.frames += self.shown == "noise"
        row = stats_pb2.RtcStats()
        row.inbound_rtp.inbound.frames_decoded = self.rate * self.looks
        return [row]

    def set_subscribed(self, subscribed: bool) -> None:
        self.asked.append(subscribed)


class EndedError(Exception):
    """The track ends."""


def insisted(track: Track) -> list[bool]:
    work = insist(
        track.receiver,
        cast("rtc.RemoteVideoTrack", track),
        cast("rtc.RemoteTrackPublication", track),
        numbered=track.numbered,
        shown_seconds=0,
        unsubscribed_seconds=0,
    )
    with contextlib.suppress(EndedError):
        asyncio.run(work)
    return track.asked


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def receiver(clock: Clock, said: list[str]) -> Receiver:
    return Receiver((400, 510), Window(), lambda: said.append("alive"), clock, born=0.0)


def show(receiver: Receiver, number: int) -> None:
    data = PICTURE.draw(number)
    receiver.frame(np.frombuffer(data, np.uint8, SIZE.width * SIZE.height).reshape(SIZE.height, SIZE.width))


def play(receiver: Receiver, hertz: int) -> None:
    receiver.block(tone.generate(hertz, tone.BLOCK, 0))


def noise(receiver: Receiver) -> None:
    receiver.block(np.random.default_rng(1).integers(-32_768, 32_767, tone.BLOCK).astype(np.int16))


def test_sound_is_muted_until_the_key_has_worked_for_half_a_second(receiver: Receiver, clock: Clock) -> None:
    receiver.window.start = 0.0
    noise(receiver)
    receiver.key_works()
    clock.now = UNMUTE_SECONDS - 0.1
    noise(receiver)
    assert (receiver.heard.blocks, receiver.heard.noise_before_key_ms) == (0, 200)
    clock.now = UNMUTE_SECONDS
    play(receiver, 510)
    assert receiver.heard.blocks == 1


def test_a_tone_before_the_key_is_remembered(receiver: Receiver) -> None:
    play(receiver, 400)
    assert receiver.heard.tone_before_key_blocks == 1


def test_the_tone_that_is_heard_is_named(receiver: Receiver, clock: Clock) -> None:
    receiver.window.start = 0.0
    receiver.key_works()
    clock.now = 1.0
    for hertz in (510, 510, 400):
        play(receiver, hertz)
    _, heard = receiver.finish(2.0)
    assert (heard.hertz, heard.own_tone_blocks, heard.blocks) == (510, 2, 3)
    assert heard.level_dbfs == pytest.approx(tone.SENT_DBFS, abs=0.2)


def test_noise_is_heard_as_no_tone(receiver: Receiver, clock: Clock) -> None:
    receiver.window.start = 0.0
    receiver.key_works()
    clock.now = 1.0
    noise(receiver)
    _, heard = receiver.finish(2.0)
    assert heard.blocks == 1
    assert heard.hertz is None


def test_it_is_alive_once_picture_and_sound_have_come(receiver: Receiver, clock: Clock, said: list[str]) -> None:
    show(receiver, 1)
    assert said == []
    receiver.key_works()
    clock.now = 1.0
    play(receiver, 400)
    show(receiver, 2)
    assert said == ["alive"]


def test_media_arrives_while_video_and_tone_are_no_older_than_a_second(receiver: Receiver, clock: Clock) -> None:
    receiver.key_works()
    assert not receiver.arriving
    clock.now = 1.0
    play(receiver, 510)
    assert not receiver.arriving
    show(receiver, 1)
    assert receiver.arriving
    clock.now = 2.0
    play(receiver, 510)
    assert not receiver.arriving


def test_gaps_count_from_the_measured_time_on(receiver: Receiver, clock: Clock) -> None:
    clock.now, receiver.window.start = 10.0, 10.0
    show(receiver, 1)
    clock.now = 12.0
    show(receiver, 2)
    receiver.window.end = 15.0
    seen, _ = receiver.finish(20.0)
    assert seen.longest_gap_ms == 3000
    assert seen.without_media_ms == 5000


def test_a_gap_is_found_in_each_second_that_it_touches(receiver: Receiver, clock: Clock) -> None:
    clock.now, receiver.window.start = 9.5, 10.0
    receiver.key_works()
    for clock.now in (10.25, 10.5, 12.5, 12.75, 13.0, 13.25):
        show(receiver, round(4 * clock.now))
        play(receiver, 400)
    receiver.window.end = 13.5
    seen, heard = receiver.finish(20.0)
    # The first gap began before the measured time, the last one goes on after it.
    assert seen.gaps_ms == [2000, 2000, 2000, 250]
    assert heard.gaps_ms == [1900, 1900, 1900, 150]


def test_a_frame_without_a_readable_number_is_counted_apart(receiver: Receiver) -> None:
    receiver.frame(np.full((192, 320), 128, np.uint8))
    seen, _ = receiver.finish(1.0)
    assert (seen.frames, seen.unreadable, seen.spans) == (1, 1, [])


def test_the_longest_silence_is_measured_from_tone_to_tone(receiver: Receiver, clock: Clock) -> None:
    receiver.window.start = 0.0
    receiver.key_works()
    for clock.now in (1.0, 1.1, 1.2):
        play(receiver, 400)
    clock.now = 1.3
    noise(receiver)
    clock.now = 1.45
    play(receiver, 400)
    _, heard = receiver.finish(1.5)
    assert heard.longest_gap_ms == 150


@pytest.mark.parametrize("shown", ["", "noise"])
def test_a_track_that_is_decoded_and_never_shown_is_subscribed_anew(receiver: Receiver, shown: str) -> None:
    assert insisted(Track(receiver, rate=15, shown=shown)) == [False, True]
    assert receiver.seen.resubscribed == 1


def test_a_track_that_is_shown_or_not_even_decoded_stays_subscribed(receiver: Receiver) -> None:
    assert insisted(Track(receiver, rate=0)) == []
    assert insisted(Track(receiver, rate=15, shown="number")) == []
    # A browser sends no numbers.
    assert insisted(Track(receiver, rate=15, shown="noise", numbered=False)) == []
    assert receiver.seen.resubscribed == 0


def test_it_is_not_subscribed_anew_for_ever(receiver: Receiver) -> None:
    receiver.seen.resubscribed = RESUBSCRIPTIONS
    assert insisted(Track(receiver, rate=15)) == []
