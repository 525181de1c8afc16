"""From what the participants say to a result, and whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from conclave.call import tone
from conclave.call.numbers import longest_burst, within
from conclave.call.result import CallResult, Outsider, Participant, Reception, Track

if TYPE_CHECKING:
    from datetime import datetime

    from conclave.call.messages import Report, Stopped, Stream, TrackSeen

ENOUGH = 0.9
# Share of the time in which something waited for a processor: above, losses may be the measuring machine's own.
BUSY = 0.7


@dataclass
class Account:
    """What the parent knows of one participant's process."""

    name: str
    index: int
    publishes: bool
    zone: Literal["users", "outside"] = "users"
    bound: str = ""
    identity: str = ""
    admission_seconds: float | None = None
    connect_seconds: float | None = None
    sent: Stopped | None = None
    report: Report | None = None
    error: str | None = None
    media_from: set[str] = field(default_factory=set)


def judge(
    site: str, started_at: datetime, seconds: float, accounts: list[Account], wrong: Account | None
) -> CallResult:
    """Return the result of a call.

    Parameters
    ----------
    seconds:
        Measured time.
    accounts:
        The participants with the right key.
    wrong:
        The one with another key, if there was one.
    """
    senders = {account.name: account for account in accounts}
    participants = [_participant(account, senders) for account in accounts]
    outsider = _outsider(wrong) if wrong else None
    encrypted = _all_encrypted(participants)
    problems = _problems_among(participants, set(senders))
    within_site = {account.name for account in accounts if account.zone == "users"}
    inside = [participant for participant in participants if participant.name in within_site]
    if outsider:
        problems += _wrong_key_problems(outsider)
    if not encrypted:
        problems.append("not every track was end-to-end encrypted")
    return CallResult(
        site=site,
        started_at=started_at,
        seconds=round(seconds, 2),
        participants=participants,
        wrong_key=outsider,
        encrypted=encrypted,
        problems=problems,
        inside_ok=not _problems_among(inside, within_site) and _all_encrypted(inside),
        ok=not problems,
    )


def _participant(account: Account, senders: dict[str, Account]) -> Participant:
    result = Participant(
        name=account.name,
        identity=account.identity,
        zone=account.zone,
        bound=account.bound,
        error=account.error,
        admission_ms=_milliseconds(account.admission_seconds),
        connect_ms=_milliseconds(account.connect_seconds),
        frames_sent=account.sent.end - account.sent.first if account.sent else 0,
        tone_hz=tone.frequency(account.index) if account.publishes else None,
    )
    report = account.report
    if report is None:
        return result
    transport = report.transport
    result.reconnects, result.returns = report.reconnects, report.returns
    result.without_connection_ms = report.without_connection_ms
    result.path, result.dtls_cipher, result.srtp_cipher = transport.path, transport.dtls, transport.srtp
    result.address, result.server_address = transport.local, transport.remote
    result.round_trip_ms = transport.round_trip_ms
    result.bytes_sent, result.bytes_received = transport.bytes_sent, transport.bytes_received
    result.packets_received = transport.video_packets_received + transport.audio_packets_received
    result.cpu_percent = round(100 * report.cpu_seconds / max(report.joined_seconds, 0.1), 1)
    result.published = [_track(seen) for seen in report.published]
    result.receives = [_reception(stream, senders.get(stream.sender)) for stream in report.streams]
    return result


def _outsider(account: Account) -> Outsider:
    result = Outsider(name=account.name, identity=account.identity, error=account.error)
    if report := account.report:
        transport = report.transport
        result.path, result.packets_received = (
            transport.path,
            transport.video_packets_received + transport.audio_packets_received,
        )
        # Everything counts, from the first moment on: readable or not, measured time or not.
        result.frames_decoded = sum(stream.seen.frames for stream in report.streams)
        result.tones_heard = sum(
            stream.heard.own_tone_blocks + stream.heard.tone_before_key_blocks for stream in report.streams
        )
    return result


def _reception(stream: Stream, sender: Account | None) -> Reception:
    seen, heard = stream.seen, stream.heard
    sent = decoded = burst = None
    if sender and sender.sent:
        first, end = sender.sent.first, sender.sent.end
        sent, decoded, burst = end - first, within(seen.spans, first, end), longest_burst(seen.spans, first, end)
    return Reception(
        sender=stream.name,
        probe=sender is not None,
        tracks=[_track(track) for track in stream.tracks],
        frames_sent=sent,
        frames_decoded=decoded if decoded is not None else seen.frames_measured,
        share=round(decoded / sent, 4) if decoded is not None and sent else None,
        frames_missing=sent - decoded if sent is not None and decoded is not None else None,
        frames_missing_in_a_row=burst,
        packets_lost=stream.flow.packets_lost if stream.flow else None,
        frames_duplicated=seen.duplicates,
        frames_unreadable=seen.unreadable if sender else 0,
        longest_gap_ms=seen.longest_gap_ms,
        gaps_ms=seen.gaps_ms,
        without_media_ms=seen.without_media_ms,
        resubscribed=seen.resubscribed,
        first_frame_ms=_milliseconds(seen.first_frame_seconds),
        tone_hz=heard.hertz,
        tone_expected_hz=tone.frequency(sender.index) if sender else None,
        tone_level_dbfs=heard.level_dbfs,
        tone_share=round(heard.own_tone_blocks / heard.blocks, 4) if heard.blocks else None,
        sound_gap_ms=heard.longest_gap_ms,
        sound_gaps_ms=heard.gaps_ms,
        sound_concealed_ms=stream.flow.concealed_ms if stream.flow else None,
        noise_before_key_ms=heard.noise_before_key_ms,
    )


def _problems_among(participants: list[Participant], names: set[str]) -> list[str]:
    return [problem for participant in participants for problem in _problems(participant, names - {participant.name})]


def _problems(participant: Participant, others: set[str]) -> list[str]:
    name = participant.name
    if participant.error:
        return [f"{name}: {participant.error}"]
    problems = []
    if participant.frames_sent == 0:
        problems.append(f"{name} sent no frames")
    heard = [reception for reception in participant.receives if reception.probe and reception.sender in others]
    if len(heard) != len(others):
        problems.append(f"{name} received {len(heard)} of {len(others)} participants")
    for reception in heard:
        if (reception.share or 0) < ENOUGH:
            problems.append(
                f"{name} decoded {reception.frames_decoded} of {reception.frames_sent} frames of {reception.sender}"
            )
        if reception.tone_hz != reception.tone_expected_hz or (reception.tone_share or 0) < ENOUGH:
            problems.append(
                f"{name} heard {reception.tone_hz or 'no'} Hz of {reception.sender} in "
                f"{100 * (reception.tone_share or 0):.0f} % of the time, not {reception.tone_expected_hz} Hz"
            )
    return problems


def _wrong_key_problems(outsider: Outsider) -> list[str]:
    name = outsider.name
    if outsider.error:
        return [f"{name}: {outsider.error}"]
    problems = []
    if outsider.frames_decoded:
        problems.append(f"{name} decoded {outsider.frames_decoded} frames")
    if outsider.tones_heard:
        problems.append(f"{name} heard a tone for {outsider.tones_heard / 10:.1f} s")
    if not outsider.packets_received:
        # Zero frames from zero packets would prove nothing.
        problems.append(f"{name} received no packets: nothing was tried")
    return problems


def _all_encrypted(participants: list[Participant]) -> bool:
    tracks = [track for participant in participants for track in participant.published]
    tracks += [
        track for participant in participants for reception in participant.receives for track in reception.tracks
    ]
    return bool(tracks) and all(track.encryption == "gcm" for track in tracks)


def _track(seen: TrackSeen) -> Track:
    return Track(kind=seen.kind, encryption=seen.encryption, refused=seen.refused)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
