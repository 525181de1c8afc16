"""Which path a participant's media took, read from the WebRTC statistics (W3C webrtc-stats)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from livekit.rtc._proto import stats_pb2

from conclave.call.messages import Flow, Transport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livekit import rtc

Path = Literal["udp", "tcp", "relay", "none"]
SAMPLES_PER_MS = 48


async def read_transport(room: rtc.Room) -> Transport:
    """Return path, ciphers and byte counts of a connected room."""
    stats = await room.get_rtc_stats()
    # One peer connection or two: with one, both lists describe the same.
    lists = {_fragment(rows): rows for rows in (list(stats.publisher_stats), list(stats.subscriber_stats))}
    results = [summarise(rows) for rows in lists.values()]
    busiest = max(results, key=lambda result: result.bytes_received)
    busiest.bytes_sent = sum(result.bytes_sent for result in results)
    busiest.bytes_received = sum(result.bytes_received for result in results)
    return busiest


async def read_flows(room: rtc.Room) -> dict[str, Flow]:
    """Return what was lost so far of each track that is received, by its id."""
    # WebRTC's own names of tracks are not the server's: each track is asked for itself.
    tracks = [
        publication.track
        for who in room.remote_participants.values()
        for publication in who.track_publications.values()
        if publication.track
    ]
    return {track.sid: flow for track in tracks if (flow := _flow(await track.get_stats()))}


async def read_decoded(track: rtc.RemoteVideoTrack) -> int:
    """Return how many frames of a track WebRTC has decoded so far."""
    return sum(row.inbound_rtp.inbound.frames_decoded for row in await track.get_stats() if _is(row, "inbound_rtp"))


def _flow(rows: Iterable[stats_pb2.RtcStats]) -> Flow | None:
    for row in rows:
        if _is(row, "inbound_rtp"):
            concealed = round(row.inbound_rtp.inbound.concealed_samples / SAMPLES_PER_MS)
            return Flow(packets_lost=row.inbound_rtp.received.packets_lost, concealed_ms=concealed)
    return None


def since(now: Mapping[str, Flow | None], before: Mapping[str, Flow]) -> Flow | None:
    """Return what was lost of all tracks together between two looks; None when one of them is gone."""
    result = Flow()
    for track, flow in now.items():
        if flow is None:
            return None
        earlier = before.get(track, Flow())
        result.packets_lost += flow.packets_lost - earlier.packets_lost
        result.concealed_ms += flow.concealed_ms - earlier.concealed_ms
    return result


def summarise(entries: Iterable[stats_pb2.RtcStats]) -> Transport:
    """Return path, ciphers and byte counts from the statistics of one peer connection."""
    rows = list(entries)
    result = Transport()
    pairs = {row.candidate_pair.rtc.id: row.candidate_pair.candidate_pair for row in rows if _is(row, "candidate_pair")}
    candidates = {
        row.local_candidate.rtc.id: row.local_candidate.candidate for row in rows if _is(row, "local_candidate")
    }
    remotes = {
        row.remote_candidate.rtc.id: row.remote_candidate.candidate for row in rows if _is(row, "remote_candidate")
    }
    for row in rows:
        if _is(row, "transport"):
            transport = row.transport.transport
            pair = pairs.get(transport.selected_candidate_pair_id)
            if pair is None:
                continue
            result.bytes_sent += pair.bytes_sent
            result.bytes_received += pair.bytes_received
            result.path = _path(candidates.get(pair.local_candidate_id))
            result.local = _end(candidates.get(pair.local_candidate_id))
            result.remote = _end(remotes.get(pair.remote_candidate_id))
            result.round_trip_ms = round(pair.current_round_trip_time * 1000, 1)
            result.dtls, result.srtp = transport.dtls_cipher, transport.srtp_cipher
        elif _is(row, "inbound_rtp"):
            packets = row.inbound_rtp.received.packets_received
            if row.inbound_rtp.stream.kind == "video":
                result.video_packets_received += packets
            else:
                result.audio_packets_received += packets
    return result


def _path(candidate: stats_pb2.IceCandidateStats | None) -> Path:
    if candidate is None:
        return "none"
    # Behind a translation the server sees the relay by another address: a peer-reflexive candidate of the relay.
    if candidate.candidate_type == stats_pb2.RELAY or candidate.HasField("relay_protocol"):
        return "relay"
    return "tcp" if candidate.protocol == "tcp" else "udp"


def _end(candidate: stats_pb2.IceCandidateStats | None) -> str:
    if candidate is None:
        return ""
    return (
        f"[{candidate.address}]:{candidate.port}"
        if ":" in candidate.address
        else f"{candidate.address}:{candidate.port}"
    )


def _is(row: stats_pb2.RtcStats, kind: str) -> bool:
    return row.WhichOneof("stats") == kind


def _fragment(rows: list[stats_pb2.RtcStats]) -> str:
    return "".join(row.transport.transport.ice_local_username_fragment for row in rows if _is(row, "transport"))
