"""What a participant sends: a numbered test pattern and its tone."""

from __future__ import annotations

import asyncio

import numpy as np
from livekit import rtc
from livekit.rtc._proto import e2ee_pb2

from conclave.call import tone
from conclave.call.messages import Begin, TrackSeen
from conclave.call.picture import Picture, Size

ENCRYPTION = {e2ee_pb2.NONE: "none", e2ee_pb2.GCM: "gcm", e2ee_pb2.CUSTOM: "custom"}
AUDIO_CHUNK = tone.RATE // 50
BITS_PER_SECOND = 600_000


class Sender:
    """Publishes the video and the tone of one participant.

    Parameters
    ----------
    begin:
        Who sends what.
    """

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.number = 0
        self._video = rtc.VideoSource(begin.width, begin.height)
        self._audio = rtc.AudioSource(tone.RATE, 1)
        self._picture = Picture(Size(begin.width, begin.height), begin.index)
        self._tasks: list[asyncio.Task[None]] = []

    async def publish(self, room: rtc.Room) -> None:
        """Publish both tracks, to another room after the first was lost, and feed them from the first time on."""
        camera = rtc.LocalVideoTrack.create_video_track("camera", self._video)
        microphone = rtc.LocalAudioTrack.create_audio_track("microphone", self._audio)
        encoding = rtc.VideoEncoding(max_framerate=self.begin.rate, max_bitrate=BITS_PER_SECOND)
        await room.local_participant.publish_track(
            camera,
            rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                simulcast=False,
                video_codec=rtc.VideoCodec.VP8,
                video_encoding=encoding,
            ),
        )
        await room.local_participant.publish_track(
            microphone, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        )
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._show()), asyncio.create_task(self._sound())]

    async def close(self) -> None:
        """Stop feeding; raises what a feeding task died of."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _show(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        while True:
            data = self._picture.draw(self.number)
            frame = rtc.VideoFrame(self.begin.width, self.begin.height, rtc.VideoBufferType.I420, data)
            self._video.capture_frame(frame)
            self.number += 1
            # The clock sets the pace; after a stall the missed times are left out, the numbers are not.
            due = start + self.number / self.begin.rate
            if due < loop.time() - 1:
                start = loop.time() - self.number / self.begin.rate
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _sound(self) -> None:
        hertz = self.begin.tones[self.begin.index]
        position = 0
        while True:
            samples = tone.generate(hertz, AUDIO_CHUNK, position)
            frame = rtc.AudioFrame(samples.astype(np.int16).tobytes(), tone.RATE, 1, AUDIO_CHUNK)
            # Waits while the queue is full: the source sets the pace.
            await self._audio.capture_frame(frame)
            position += AUDIO_CHUNK


def published(room: rtc.Room) -> list[TrackSeen]:
    """Return the own tracks as the server has them."""
    return [describe(publication) for publication in room.local_participant.track_publications.values()]


def describe(publication: rtc.TrackPublication, *, refused: bool = False) -> TrackSeen:
    """Return kind and signalled encryption of a track."""
    kind = "audio" if publication.kind == rtc.TrackKind.KIND_AUDIO else "video"
    return TrackSeen.model_validate(
        {"kind": kind, "encryption": ENCRYPTION[publication.encryption_type], "refused": refused}
    )
