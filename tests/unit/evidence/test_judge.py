"""The verdict is green for a clean proof and red, with the cause by name, for each thing that can go wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.evidence import example
from tests.unit.evidence.example import CORE, ROUTER, beat, capture, counts, find, listing, packet, run

from conclave.evidence.judge import judge
from conclave.evidence.sentences import SENTENCES, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

Lines = list[dict[str, Any]]


def verdict(lines: Lines) -> dict[str, Any]:
    return judge(example.written(lines)[1].lines)


def counted(lines: Lines, host: dict[str, Any], change: Callable[[dict[str, Any]], Any], **more: object) -> None:
    """Change what a host's rules have counted at the closing look."""
    found = counts(host, "closing")
    change(found)
    find(lines, "look", host=host["name"], phase="closing")["live"] = run(listing(**found, **more))


def test_a_clean_proof_is_green() -> None:
    found = verdict(example.proof())
    assert found["findings"] == []
    assert (found["isolated"], found["left"], found["tried"]) == (True, 0, 0)
    assert [gap["code"] for gap in found["not_looked_at"]] == ["other-ways", "contents", "other-times"]


def stun(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave/refused-outside"] += 36
        found["egress_denied_own"][997, "198.51.100.53", "udp", 3478] = 36

    counted(lines, CORE, change)


def ping(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave/refused-outside"] += 2

    counted(lines, CORE, change)


def past_the_rules(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave_cut/tried"] = 4
        found["tried"] = {(997, "203.0.113.53", "udp", 53): 4}

    counted(lines, CORE, change)


def through_the_router(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave/forward-outside"] += 2
        found["egress_denied_forwarded"]["192.0.2.66", "203.0.113.80", "tcp", 443] = 2

    counted(lines, ROUTER, change)


def removed_counter_rule(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave/refused-outside"] = 6

    counted(lines, CORE, change)


def removed_counter(lines: Lines) -> None:
    counted(lines, CORE, lambda found: found["counters"].pop("conclave/refused-outside"))


def removed_egress_denied_own(lines: Lines) -> None:
    counted(lines, CORE, lambda found: found["egress_denied_own"].clear())


def reloaded(lines: Lines) -> None:
    counted(lines, CORE, lambda _: None, handle=8)


def guests_uncounted(lines: Lines) -> None:
    def change(found: dict[str, Any]) -> None:
        found["egress_denied_forwarded"].clear()
        found["counters"]["conclave/forward-outside"] = 6

    counted(lines, ROUTER, change)


def rogue_accept(lines: Lines) -> None:
    counted(lines, ROUTER, lambda _: None, rules=[[{"accept": None}]])
    find(lines, "look", host="rt", phase="closing")["live_text"] = run("table inet conclave {\n\taccept\n}\n")


def foreign_table(lines: Lines) -> None:
    counted(lines, CORE, lambda _: None, tables=("conclave", "conclave_cut", "mine"))


def open_mode(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="opening")["mode"] = run('{"mode": "open"}')


def no_mode(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="opening")["mode"] = run("", None, "No such file")


def rules_unread(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="opening")["rendered"] = run("", 1, "unshare: not permitted")


def staged_file_changed(lines: Lines) -> None:
    line = find(lines, "look", host="core1", phase="opening")
    line["staged_files"][example.FIREWALL] = "table inet conclave {\n\taccept\n}\n# sha256 0123\n"


def staged_file_gone(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="opening")["staged_files"][example.CUT_FILE] = None


def second_interface(lines: Lines) -> None:
    links = [example.interface("eth0", *CORE["addresses"]), example.interface("wwan0", "100.64.0.7")]
    find(lines, "look", host="core1", phase="closing")["interfaces"] = run(json.dumps(links))


def interfaces_unread(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="closing")["interfaces"] = run("", None, "No such file: 'ip'")


def clock_set_back(lines: Lines) -> None:
    line = find(lines, "look", host="core1", phase="closing")
    line["asked"], line["answered"] = line["asked"] - 10800, line["answered"] - 10800


def host_down(lines: Lines) -> None:
    lines.remove(find(lines, "look", host="core1", phase="closing"))
    lines.append({"kind": "missing", "host": "core1", "phase": "closing", "reason": "timed out"})


def host_silently_gone(lines: Lines) -> None:
    lines.remove(find(lines, "look", host="core1", phase="closing"))


def rebooted(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="closing")["boot"] = "another"


def leak(lines: Lines) -> None:
    frames = [*map(beat, example.TOKENS), packet(), packet(), packet("2001:db8::53")]
    find(lines, "capture")["captures"] = [capture(frames)]


def strange_frame(lines: Lines) -> None:
    frame = b"\x02" * 6 + example.OWN + b"\x12\x34" + bytes(46)
    find(lines, "capture")["captures"] = [capture([*map(beat, example.TOKENS), frame])]


def borrowed_heartbeat(lines: Lines) -> None:
    find(lines, "capture")["captures"] = [capture([*map(beat, example.TOKENS), beat(b"password")])]


def killed_half_way(lines: Lines) -> None:
    seen = [beat(token) for token in example.TOKENS[:7]]
    find(lines, "capture")["captures"] = [capture(seen, status=-9, said="tcpdump: listening on outside\n")]


def kernel_drops(lines: Lines) -> None:
    find(lines, "capture")["captures"] = [capture(said="20 packets captured\n17 packets dropped by kernel\n")]


def never_started(lines: Lines) -> None:
    find(lines, "capture")["captures"] = [capture([], pcap="", status=1, said="tcpdump: no such device\n")]


def recorder_gone(lines: Lines) -> None:
    lines[lines.index(find(lines, "capture"))] = {
        "kind": "missing",
        "host": "rt",
        "phase": "capture",
        "reason": "connection lost",
    }


def too_late(lines: Lines) -> None:
    watch = find(lines, "watch")
    lines.remove(watch)
    lines.insert(-1, watch)


def stalled(lines: Lines) -> None:
    one = find(lines, "capture")["captures"][0]
    for beat_ in one["beats"][10:]:
        beat_["time"] += 30


def flooded(lines: Lines) -> None:
    find(lines, "capture")["captures"][0]["bytes_not_kept"] = 77


def cut_off(lines: Lines) -> None:
    one = find(lines, "capture")["captures"][0]
    one["pcap"] = one["pcap"][:-32]


def arrived(lines: Lines) -> None:
    line = find(lines, "canary", phase="closing")
    line["packets"] = 8
    line["sources"] = {"192.0.2.66": {"203.0.113.9": 5, "203.0.113.53": 3}}


def asked(lines: Lines) -> None:
    log = find(lines, "look", host="core1", phase="closing")["names"]
    log["stdout"] += "\n[1] unbound[9:0] info: . refuse 192.0.2.129@999 stun.l.example.com. A IN"


def answered(lines: Lines) -> None:
    find(lines, "look", host="core1", phase="opening")["question"]["answer"] = "192.0.2.99"


def name_server_blind(lines: Lines) -> None:
    log = find(lines, "look", host="core1", phase="closing")["names"]
    log["stdout"] = "\n".join(row for row in log["stdout"].split("\n") if "opening-rt" not in row)


def bad_call(lines: Lines) -> None:
    lines[lines.index(find(lines, "call"))] = example.call(ok=False, problems=["Probe 2 saw nothing"])


def no_call(lines: Lines) -> None:
    lines[lines.index(find(lines, "call"))] = {"kind": "call", "result": None, "error": "the portal does not answer"}


def broken_page(lines: Lines) -> None:
    find(lines, "page")["error"] = "502"


def foreign_font(lines: Lines) -> None:
    find(lines, "page")["foreign"] = ["https://fonts.example.com/a.woff2"]


# What happens, which codes it gives, and what the sentence of the first one must name.
SABOTAGE: list[tuple[Callable[[Lines], None], set[str], str]] = [
    (stun, {"tried"}, r"core1 .*36 packets.*uid 997 \(conclave-livekit\) > 198.51.100.53 udp 3478 \(36\)"),
    (ping, {"tried"}, r"core1 .*2 packets"),
    (past_the_rules, {"tried-past-rules"}, "core1: 4 packets .*uid 997 .*203.0.113.53"),
    (through_the_router, {"passed-on"}, "core1 sent 2 packets for 203.0.113.80 tcp 443 .*router rt"),
    (removed_counter_rule, {"counter-blind"}, "core1: .*refused-outside saw 0 of 6"),
    (removed_counter, {"counter-missing", "rules-not-rendered"}, "core1"),
    (removed_egress_denied_own, {"probes-uncounted"}, r"core1: of 3 probes to 203.0.113.9, 0 "),
    (reloaded, {"rules-replaced"}, "core1: .*inet conclave"),
    (guests_uncounted, {"guest-probes-uncounted", "counter-blind"}, "rt"),
    (rogue_accept, {"rules-not-rendered"}, "rt: .*inet conclave: rules output.*[+] accept"),
    (foreign_table, {"rules-not-rendered"}, "core1: .*[+] table inet mine"),
    (open_mode, {"mode"}, "core1 .*open"),
    (no_mode, {"mode"}, "core1 .*No such file"),
    (rules_unread, {"rules-unread"}, "core1: .*rendered.*not permitted"),
    (staged_file_changed, {"staged-differs"}, r"core1: /etc/conclave/firewall/conclave.nft .*[+] accept"),
    (staged_file_gone, {"staged-missing"}, "core1: /etc/conclave/mode/cut.nft cannot be read"),
    (second_interface, {"interface-unknown"}, "core1: the interface wwan0 has the address 100.64.0.7"),
    (interfaces_unread, {"interfaces-unread"}, "core1: .*No such file"),
    (clock_set_back, {"clock"}, r"core1: its clock differs .* 10799\.6 s"),
    (host_down, {"missing"}, "core1 .*timed out"),
    (host_silently_gone, {"missing"}, "core1"),
    (rebooted, {"rebooted"}, "core1"),
    (leak, {"left"}, r"3 packets left .*outside of rt: 203.0.113.1 > 203.0.113.53 udp 53 \(2\)"),
    (strange_frame, {"left"}, "1 packets left .*EtherType 0x1234"),
    (borrowed_heartbeat, {"left"}, "1 packets left .*EtherType 0x88b5"),
    (killed_half_way, {"beats-missing", "capture-ended", "drops-unknown"}, r"heartbeats 8\.\.20 of 20"),
    (kernel_drops, {"drops"}, "dropped 17 packets"),
    (never_started, {"capture-missing"}, "rt: outside: tcpdump: no such device"),
    (recorder_gone, {"capture-missing"}, "rt: connection lost"),
    (too_late, {"capture-short"}, "rt"),
    (stalled, {"beats-paused"}, r"30\.6 s"),
    (flooded, {"capture-too-large"}, "77 bytes"),
    (cut_off, {"capture-damaged", "beats-missing"}, "rt"),
    (arrived, {"arrived"}, r"3 packets reached .*192.0.2.66 > 203.0.113.53 \(3\)"),
    (asked, {"asked"}, r"rt queried .* 1 times .*stun.l.example.com \(A\)"),
    (answered, {"names-answered"}, "core1 .*192.0.2.99"),
    (name_server_blind, {"names-blind"}, "rt"),
    (bad_call, {"call"}, "Probe 2 saw nothing"),
    (no_call, {"call"}, "the portal does not answer"),
    (broken_page, {"page"}, "502"),
    (foreign_font, {"page-foreign"}, "fonts.example.com"),
]


@pytest.mark.parametrize(("sabotage", "codes", "words"), SABOTAGE, ids=[one[0].__name__ for one in SABOTAGE])
def test_sabotage_is_red_and_named(sabotage: Callable[[Lines], None], codes: set[str], words: str) -> None:
    lines = example.proof()
    sabotage(lines)
    found = verdict(lines)
    assert not found["isolated"]
    assert {one["code"] for one in found["findings"]} == codes
    said = [sentence(one, "en") for one in found["findings"]]
    assert any(re.search(words, text) for text in said), said
    assert all(sentence(one, "de") for one in found["findings"])


def test_the_two_numbers_are_two() -> None:
    lines = example.proof()
    stun(lines)
    found = verdict(lines)
    assert (found["left"], found["tried"]) == (0, 36)
    lines = example.proof()
    leak(lines)
    found = verdict(lines)
    assert (found["left"], found["tried"]) == (3, 0)


def test_what_users_devices_try_is_told_and_is_no_failure() -> None:
    lines = example.proof()

    def change(found: dict[str, Any]) -> None:
        found["counters"]["conclave/forward-outside"] += 2
        found["egress_denied_forwarded"]["198.51.100.10", "203.0.113.80", "tcp", 443] = 2

    counted(lines, ROUTER, change)
    log = find(lines, "look", host="core1", phase="closing")["names"]
    log["stdout"] += "\n[1] unbound[9:0] info: . refuse 198.51.100.10@999 updates.example.com. AAAA IN"
    found = verdict(lines)
    assert found["isolated"]
    said = [sentence(one, "en") for one in found["remarks"]]
    assert said == [
        "198.51.100.10 (zone users) tried 203.0.113.80 tcp 443, 2 packets, rejected",
        "198.51.100.10 (zone users) queried the external name updates.example.com (AAAA) 1 times, refused",
    ]


def test_what_goes_on_in_connections_older_than_the_cut_is_a_remark() -> None:
    lines = example.proof()
    counted(lines, CORE, lambda found: found["counters"].update({"conclave_cut/older": 7}))
    found = verdict(lines)
    assert found["isolated"]
    assert [sentence(one, "en") for one in found["remarks"]] == [
        "core1 still sent 7 packets on connections opened before the cut; they were rejected"
    ]


def test_a_recording_names_frames_that_stay_on_the_link() -> None:
    lines = example.proof()
    arp = b"\xff" * 6 + example.OWN + b"\x08\x06" + bytes(28)
    find(lines, "capture")["captures"] = [capture([*map(beat, example.TOKENS), arp])]
    found = verdict(lines)
    assert found["isolated"]
    assert "1 ARP frames" in sentence(found["remarks"][0], "en")


def test_a_host_without_ipv6_need_not_send_any() -> None:
    lines = example.proof()
    lines[0]["hosts"] = [ROUTER, {**CORE, "addresses": ["192.0.2.66"]}]
    for phase, packets in (("opening", 3), ("closing", 6)):
        found = counts(CORE, phase)
        found["counters"]["conclave/refused-outside"] = packets
        found["egress_denied_own"] = {
            key: count for key, count in found["egress_denied_own"].items() if ":" not in key[1]
        }
        line = find(lines, "look", host="core1", phase=phase)
        line["live"] = run(listing(**found))
        line["probes"][example.NOBODY[1]] = ["Network is unreachable"] * 3
    assert verdict(lines)["findings"] == []


@pytest.mark.parametrize("kind", ["canary", "guest-probe", "page", "call"])
def test_a_witness_that_is_not_there_is_listed(kind: str) -> None:
    lines = [line for line in example.proof() if line["kind"] != kind]
    found = verdict(lines)
    gaps = [gap["code"] for gap in found["not_looked_at"]]
    assert len(gaps) == 4
    assert all(sentence(gap, "de") and sentence(gap, "en") for gap in found["not_looked_at"])


def test_a_site_without_a_router_lists_the_missing_recording() -> None:
    lines = [line for line in example.proof() if line["kind"] not in {"watch", "capture"}]
    lines[0]["outside"] = {}
    found = verdict(lines)
    assert found["left"] is None
    assert "capture" in [gap["code"] for gap in found["not_looked_at"]]


def test_a_name_server_without_a_record_is_listed() -> None:
    lines = example.proof()
    find(lines, "look", host="core1", phase="closing")["names"]["stdout"] = ""
    found = verdict(lines)
    assert "names" in [gap["code"] for gap in found["not_looked_at"]]


def test_a_short_call_is_listed() -> None:
    lines = example.proof()
    lines[lines.index(find(lines, "call"))] = example.call(seconds=12.0)
    gaps = verdict(lines)["not_looked_at"]
    assert sentence(gaps[0], "en") == "more than 12 s of a call; a full proof takes 60 s"


def test_every_code_has_its_sentences_and_every_sentence_its_code() -> None:
    folder = Path(judge.__code__.co_filename).parent
    source = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("judge.py", "traffic.py", "rulesets.py", "interfaces.py")
    )
    used = set(re.findall(r"notes\.(?:found|remark|gap)\(\s*\"([a-z-]+)\"", source))
    used |= {"other-ways", "contents", "other-times"}
    assert used == set(SENTENCES)
