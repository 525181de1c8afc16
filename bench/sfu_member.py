"""One member of the SFU's benchmark, many streams for little work: `sfu_member.py URL STREAMS`, its token on stdin.

Audio has fifty packets a second whatever is said, so that streams, not a video encoder, make the load.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
from livekit import rtc

RATE, CHUNK = 48000, 960


async def main(url: str, token: str, streams: int) -> None:
    """Join, send, and leave when standard input ends."""
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=True))
    source = rtc.AudioSource(RATE, 1)
    # Every track is encoded and encrypted by itself, out of the one source.
    for number in range(streams):
        track = rtc.LocalAudioTrack.create_audio_track(f"noise {number}", source)
        await room.local_participant.publish_track(track, rtc.TrackPublishOptions(dtx=False, red=False))
    print("publishes", flush=True)
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    noise = np.random.default_rng().integers(-8000, 8000, CHUNK, dtype=np.int16).tobytes()
    while not over.done():
        await source.capture_frame(rtc.AudioFrame(noise, RATE, 1, CHUNK))
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.stdin.readline().strip(), int(sys.argv[2])))
