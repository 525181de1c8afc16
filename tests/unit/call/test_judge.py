"""A call is good only when everybody decoded and heard everybody, encrypted, and the wrong key got nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from conclave.call import tone
from conclave.call.judge import Account, judge
from conclave.call.messages import Heard, Report, Seen, Stopped, Stream, TrackSeen, Transport

if TYPE_CHECKING:
    from conclave.call.result import CallResult

FIRST, END = 100, 400


def tracks(encryption: str = "gcm") -> list[TrackSeen]:
    refused = encryption != "gcm"
    return [
        TrackSeen.model_validate({"kind": kind, "encryption": encryption, "refused": refused})
        for kind in ("audio", "video")
    ]


def stream(sender: int, spans: list[list[int]], *, hertz: int | None = None, encryption: str = "gcm") -> Stream:
    heard = Heard(blocks=200, own_tone_blocks=200, level_dbfs=-12, hertz=hertz or tone.frequency(sender))
    seen = Seen(spans=spans, frames=300, frames_measured=300)
    return Stream(
        sender=f"Probe {sender + 1}", name=f"Probe {sender + 1}", tracks=tracks(encryption), seen=seen, heard=heard
    )


def report(*streams: Stream, packets: int = 1000) -> Report:
    return Report(
        reconnects=0,
        returns=0,
        without_connection_ms=0,
        published=tracks(),
        streams=list(streams),
        transport=Transport(path="udp", video_packets_received=packets),
        cpu_seconds=1,
        joined_seconds=20,
    )


def account(index: int, *streams: Stream) -> Account:
    found = Account(f"Probe {index + 1}", index, publishes=True, identity=f"p{index}")
    found.sent = Stopped(first=FIRST, end=END)
    found.report = report(*streams)
    return found


def pair(spans: list[list[int]], **more: object) -> list[Account]:
    return [account(0, stream(1, spans, **more)), account(1, stream(0, [[0, 500]]))]  # type: ignore[arg-type]


def outcome(accounts: list[Account], wrong: Account | None = None) -> CallResult:
    return judge("lab", dt.datetime.now(dt.UTC), 20, accounts, wrong)


def outsider(report_: Report) -> Account:
    found = Account("Probe (wrong key)", 0, publishes=False, identity="px")
    found.report = report_
    return found


def test_all_frames_and_the_right_tone_are_good() -> None:
    result = outcome(pair([[0, 500]]))
    assert result.ok, result.problems
    assert result.encrypted
    assert result.participants[0].receives[0].frames_sent == END - FIRST


@pytest.mark.parametrize(("last", "ok"), [(369, True), (368, False)])
def test_nine_of_ten_frames_are_the_limit(last: int, ok: bool) -> None:
    result = outcome(pair([[FIRST, last]]))
    assert result.ok is ok


def test_frames_before_and_after_the_measured_time_do_not_count() -> None:
    result = outcome(pair([[0, 99], [400, 900]]))
    assert result.participants[0].receives[0].frames_decoded == 0
    assert not result.ok


def test_somebody_elses_tone_is_noticed() -> None:
    result = outcome(pair([[0, 500]], hertz=tone.frequency(5)))
    assert any("950 Hz" in problem for problem in result.problems)


def test_an_unencrypted_track_is_noticed() -> None:
    result = outcome(pair([[0, 500]], encryption="none"))
    assert not result.encrypted
    assert not result.ok


def test_a_sender_that_was_not_received_at_all_is_noticed() -> None:
    result = outcome([account(0), account(1, stream(0, [[0, 500]]))])
    assert "Probe 1 received 0 of 1 participants" in result.problems


def test_a_participant_without_a_report_keeps_its_error() -> None:
    accounts = pair([[0, 500]])
    accounts[1].report, accounts[1].error = None, "its process ended with status -9"
    result = outcome(accounts)
    assert "Probe 2: its process ended with status -9" in result.problems


def three(outside_report: Report | None) -> list[Account]:
    """Two inside who are well, and one outside whom they lose half-way when there is no report of it."""
    spans = [[0, 500]] if outside_report else [[0, 200]]
    inside = [
        account(0, stream(1, [[0, 500]]), stream(2, spans)),
        account(1, stream(0, [[0, 500]]), stream(2, spans)),
    ]
    away = account(2)
    away.zone, away.bound, away.report = "outside", "udp4", outside_report
    if not outside_report:
        away.error = "sent out"
    return [*inside, away]


def test_somebody_outside_is_one_of_the_call() -> None:
    result = outcome(three(report(stream(0, [[0, 500]]), stream(1, [[0, 500]]))))
    assert result.ok, result.problems
    assert result.inside_ok
    assert [(seen.zone, seen.bound) for seen in result.participants][-1] == ("outside", "udp4")


def test_those_inside_are_judged_by_themselves_when_the_outside_is_lost() -> None:
    result = outcome(three(None))
    assert not result.ok
    assert "Probe 3: sent out" in result.problems
    assert result.inside_ok


def test_a_loss_inside_is_one_whatever_happens_outside() -> None:
    accounts = three(report(stream(0, [[0, 500]]), stream(1, [[0, 500]])))
    accounts[0].report = report(stream(1, [[0, 200]]), stream(2, [[0, 500]]))
    assert not outcome(accounts).inside_ok


def test_a_wrong_key_that_decodes_nothing_of_many_packets_is_good() -> None:
    empty = Stream(sender="Probe 1", name="Probe 1", tracks=tracks(), seen=Seen(), heard=Heard())
    result = outcome(pair([[0, 500]]), outsider(report(empty)))
    assert result.ok, result.problems


def test_a_wrong_key_that_received_no_packets_proves_nothing() -> None:
    empty = Stream(sender="Probe 1", name="Probe 1", tracks=tracks(), seen=Seen(), heard=Heard())
    result = outcome(pair([[0, 500]]), outsider(report(empty, packets=0)))
    assert any("nothing was tried" in problem for problem in result.problems)


@pytest.mark.parametrize("seen", [Seen(frames=1), Seen(frames=1, unreadable=1)])
def test_one_decoded_frame_is_one_too_many_for_a_wrong_key(seen: Seen) -> None:
    leaky = Stream(sender="Probe 1", name="Probe 1", tracks=tracks(), seen=seen, heard=Heard())
    result = outcome(pair([[0, 500]]), outsider(report(leaky)))
    assert any("decoded 1 frames" in problem for problem in result.problems)


def test_a_tone_heard_with_a_wrong_key_is_noticed_even_before_the_measured_time() -> None:
    leaky = Stream(
        sender="Probe 1", name="Probe 1", tracks=tracks(), seen=Seen(), heard=Heard(tone_before_key_blocks=3)
    )
    result = outcome(pair([[0, 500]]), outsider(report(leaky)))
    assert any("heard a tone for 0.3 s" in problem for problem in result.problems)
