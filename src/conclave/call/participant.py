"""One headless participant in a process of its own: `python -m conclave.call.participant`.

A process each, because the SDK keeps its state in one native library, because each participant then has a core's
worth of time, and because a participant that dies or hangs must not take the others' figures with it.
Commands come as JSON lines on standard input, events leave as JSON lines on standard output.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import resource
import sys
import time
from typing import TYPE_CHECKING, TextIO

from livekit import rtc
from livekit.rtc._proto import e2ee_pb2

from conclave.call import sending
from conclave.call.messages import (
    COMMAND,
    Admitted,
    Arriving,
    Ask,
    Begin,
    Failed,
    Flow,
    Join,
    Joined,
    Leave,
    Look,
    Lost,
    Measure,
    Media,
    Message,
    Ready,
    Refused,
    Report,
    Stop,
    Stopped,
    Stream,
    TrackSeen,
    Transport,
)
from conclave.call.receiving import Receiver, Window, insist
from conclave.call.transport import read_flows, read_transport, since
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Coroutine

CONNECT_SECONDS = 15.0
REMOVED = "PARTICIPANT_REMOVED"
RECONNECT_SECONDS = 60.0


class Participant:
    """One member of the call.

    Parameters
    ----------
    begin:
        Who it is and what it sends.
    out:
        Where its events go.
    """

    def __init__(self, begin: Begin, out: TextIO) -> None:
        self.begin = begin
        self.out = out
        self.window = Window()
        self.first = self.end = 0
        self.room: rtc.Room | None = None
        self.sender = sending.Sender(begin) if begin.publishes else None
        self.receivers: dict[str, Receiver] = {}
        self.names: dict[str, str] = {}
        self.tracks: dict[str, dict[str, TrackSeen]] = {}
        self.joined_at: float | None = None
        self.reconnects = self.returns = 0
        self.lost_at: float | None = None
        self.reconnecting_since: float | None = None
        self.lost_seconds = 0.0
        self.flows_before: dict[str, Flow] = {}
        self.flows: dict[str, Flow] = {}
        self.disconnected: asyncio.Queue[str] = asyncio.Queue()
        self._working_keys: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, message: Message) -> None:
        """Send an event to the parent."""
        self.out.write(message.model_dump_json() + "\n")
        self.out.flush()

    async def execute(self, command: Message) -> bool:
        """Carry out a command of the parent; say whether there may be another."""
        match command:
            case Ask():
                await self.ask(command)
            case Join():
                await self.join(command)
            case Measure():
                await self.measure()
            case Look():
                self.tell(Arriving(senders=[who for who, receiver in self.receivers.items() if receiver.arriving]))
            case Stop():
                await self.stop()
            case Leave():
                await self.leave(command)
                return False
        return True

    async def ask(self, ask: Ask) -> None:
        """Ask the portal for admission and tell its answer."""
        # Those inside are asked for by the parent, and need not load this.
        from conclave.call.admission import ask_for_admission  # noqa: PLC0415

        try:
            ticket = await ask_for_admission(ask)
        except ConclaveError as error:
            self.tell(Refused(reason=error.found))
        else:
            self.tell(Admitted(url=ticket.url, token=ticket.token))

    async def join(self, join: Join) -> None:
        """Enter the room, take in who is there, publish.

        Raises
        ------
        rtc.ConnectError, TimeoutError
            At the first time. Who was in and does not get through is still lost, and asks for another admission.
        """
        self._working_keys.clear()
        for receiver in self.receivers.values():
            receiver.key_unknown()
        room = self.room = rtc.Room()
        self._listen(room)
        started = time.monotonic()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await room.connect(join.url, join.token, self._options())
        except (rtc.ConnectError, TimeoutError) as error:
            late = isinstance(error, TimeoutError)
            found = TimeoutError(f"not connected within {CONNECT_SECONDS:.0f} s") if late else error
            if self.joined_at is None:
                raise found from error
            self.tell(Lost(reason=str(found)))
            return
        seconds = time.monotonic() - started
        if self.joined_at is None:
            self.joined_at = started
        else:
            self.returns += 1
            self._reconnected()
        # A publication reaches us exactly once: in the snapshot at join, or by the event.
        for who in room.remote_participants.values():
            for publication in who.track_publications.values():
                self._published(publication, who)
        if self.sender:
            await self.sender.publish(room)
        identity = room.local_participant.identity
        self.tell(Joined(identity=identity, connect_seconds=round(seconds, 3)))

    async def measure(self) -> None:
        """Begin the measured time."""
        self.window.start = time.monotonic()
        self.first = self.sender.number if self.sender else 0
        self.flows_before = await self._flows()

    async def stop(self) -> None:
        """End the measured time and tell which numbers were sent in it."""
        self.window.end = time.monotonic()
        self.end = self.sender.number if self.sender else 0
        # Nobody leaves before everybody has told.
        self.flows = await self._flows()
        self.tell(Stopped(first=self.first, end=self.end))

    async def leave(self, leave: Leave) -> None:
        """Wait for the senders' last measured frames, report, and leave the room."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(leave.patience):
                for sender, last in leave.last.items():
                    await self._until(sender, last)
        report = await self._report()
        if self.sender:
            await self.sender.close()
        self.tell(report)
        if self.room:
            await self.room.disconnect()

    def lost(self, reason: str) -> None:
        """Tell the parent that another admission is needed.

        Raises
        ------
        ConnectionError
            When it was no loss: somebody removed this participant.
        """
        # The SDK reconnects by itself with the ticket it has, and is removed for using it again: that is a loss, too.
        recent = self.reconnecting_since is not None and time.monotonic() - self.reconnecting_since < RECONNECT_SECONDS
        if reason == REMOVED and not recent:
            raise ConnectionError("the server closed the connection: participant removed")
        self.lost_at = self.lost_at or time.monotonic()
        self.tell(Lost(reason=reason))

    async def _until(self, sender: str, last: int) -> None:
        receiver = self.receivers.get(sender)
        while receiver and receiver.account.last < last:
            receiver.arrived.clear()
            await receiver.arrived.wait()

    def _options(self) -> rtc.RoomOptions:
        # What the browser client does: HKDF, no ratcheting, key 0 of a ring of 16; failures never give up.
        keys = rtc.KeyProviderOptions(
            shared_key=base64.urlsafe_b64decode(self.begin.key),
            ratchet_window_size=0,
            failure_tolerance=-1,
            key_ring_size=16,
            key_derivation_function=e2ee_pb2.HKDF,
        )
        encryption = rtc.E2EEOptions(keys) if self.begin.encrypts else None
        return rtc.RoomOptions(auto_subscribe=False, encryption=encryption)

    def _listen(self, room: rtc.Room) -> None:
        room.on("track_published", self._published)
        room.on("track_subscribed", self._subscribed)
        room.on("e2ee_state_changed", self._key_state)
        room.on("reconnecting", self._reconnecting)
        room.on("reconnected", self._reconnected)
        room.on("disconnected", lambda reason: self.disconnected.put_nowait(rtc.DisconnectReason.Name(reason)))

    def _sender_of(self, who: rtc.Participant) -> str:
        return who.name if who.name in self.begin.names else who.identity

    def _published(self, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        encrypted = publication.encryption_type == e2ee_pb2.GCM
        sender = self._sender_of(who)
        self.names[sender] = who.name
        seen = sending.describe(publication, refused=not encrypted)
        self.tracks.setdefault(sender, {})[publication.sid] = seen
        if encrypted:
            self._receiver(sender)
            publication.set_subscribed(True)

    def _receiver(self, sender: str) -> Receiver:
        if sender not in self.receivers:
            receiver = Receiver(
                tones=tuple(self.begin.tones),
                window=self.window,
                alive=lambda: self.tell(Media(sender=sender)),
                clock=time.monotonic,
                born=time.monotonic(),
            )
            if sender in self._working_keys:
                receiver.key_works()
            self.receivers[sender] = receiver
        return self.receivers[sender]

    def _subscribed(
        self, track: rtc.RemoteTrack, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant
    ) -> None:
        receiver = self._receiver(self._sender_of(who))
        if isinstance(track, rtc.RemoteVideoTrack):
            self._start(receiver.watch(track))
            self._start(insist(receiver, track, publication, numbered=who.name in self.begin.names))
        else:
            self._start(receiver.listen(track))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.tell(Failed(reason=f"receiving stopped: {task.exception()}"))

    def _key_state(self, who: rtc.Participant | None, state: int) -> None:
        if who is not None and state == e2ee_pb2.OK:
            sender = self._sender_of(who)
            self._working_keys.add(sender)
            if sender in self.receivers:
                self.receivers[sender].key_works()

    def _reconnecting(self) -> None:
        self.reconnects += 1
        self.lost_at = self.reconnecting_since = time.monotonic()

    def _reconnected(self) -> None:
        if self.lost_at is not None:
            self.lost_seconds += time.monotonic() - self.lost_at
            self.lost_at = None

    async def _report(self) -> Report:
        now = time.monotonic()
        # A packet that was late or sent again is not lost: the last look counts.
        flows = self.flows | await self._flows()
        streams = []
        for sender, tracks in self.tracks.items():
            seen, heard = self._receiver(sender).finish(now)
            name = self.names[sender]
            flow = since({sid: flows.get(sid) for sid in tracks}, self.flows_before)
            streams.append(
                Stream(sender=sender, name=name, tracks=list(tracks.values()), seen=seen, heard=heard, flow=flow)
            )
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return Report(
            reconnects=self.reconnects,
            returns=self.returns,
            without_connection_ms=round(self.lost_seconds * 1000),
            published=sending.published(self.room) if self.room else [],
            streams=streams,
            transport=await self._transport(),
            cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2),
            joined_seconds=round(now - (self.joined_at or now), 2),
        )

    # Out of the room there are no statistics to read.

    async def _transport(self) -> Transport:
        return await read_transport(self.room) if self.room and self.room.isconnected() else Transport()

    async def _flows(self) -> dict[str, Flow]:
        return await read_flows(self.room) if self.room and self.room.isconnected() else {}


async def converse(out: TextIO) -> None:
    """Follow the parent's commands until told to leave, until it goes away, or until the room is lost."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    first = COMMAND.validate_json(await lines.readline())
    if not isinstance(first, Begin):
        raise TypeError(f"the first command is {first.kind}, not begin")
    participant = Participant(first, out)
    participant.tell(Ready())
    lost = asyncio.create_task(participant.disconnected.get())
    line = asyncio.create_task(lines.readline())
    while True:
        done, _ = await asyncio.wait({line, lost}, return_when=asyncio.FIRST_COMPLETED)
        if lost in done:
            participant.lost(lost.result())
            lost = asyncio.create_task(participant.disconnected.get())
        if line not in done:
            continue
        if not line.result():
            return
        if not await participant.execute(COMMAND.validate_json(line.result())):
            return
        line = asyncio.create_task(lines.readline())


def main() -> None:
    """Run one participant; leave without unwinding, because the native library's threads outlive the event loop."""
    # The library may print to standard output: events get a descriptor of their own.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    status = 0
    try:
        asyncio.run(converse(out))
    except Exception as error:  # noqa: BLE001 (whatever it was, the parent must hear of it)
        out.write(Failed(reason=f"{type(error).__name__}: {error}").model_dump_json() + "\n")
        status = 1
    out.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
