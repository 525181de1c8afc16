"""Judges what left the site and who tried: pure functions from the lines of a proof to findings."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from conclave.evidence.facts import PHASES
from conclave.evidence.witness import capture, counters, names

if TYPE_CHECKING:
    from conclave.evidence.chain import Line
    from conclave.evidence.facts import Facts, Look, Notes, Phase

# So many senders are named; the raw lines hold all.
NAMED = 8
# A recorder's own pause above this is a blind spot: nothing vouches for the time between.
PAUSE_SECONDS = 5.0
NO_ROUTE = "Network is unreachable"


def judge(facts: Facts, notes: Notes) -> None:
    """Judge all traffic."""
    for host in facts.hosts:
        looks = facts.both(host)
        if looks and looks[0].counts and looks[1].counts:
            _host(facts, notes, host, *looks)
    for router in facts.with_role("router"):
        looks = facts.both(router)
        if looks and looks[0].counts and looks[1].counts:
            _passing(facts, notes, router, looks[0].counts, looks[1].counts)
    _captures(facts, notes)
    _canary(facts, notes)
    _names(facts, notes)


def _host(facts: Facts, notes: Notes, host: str, opening: Look, closing: Look) -> None:
    """Judge the counters of one host's own attempts."""
    before, after = opening.counts, closing.counts
    assert before is not None  # noqa: S101 (the caller asked)
    assert after is not None  # noqa: S101 (the caller asked)
    if opening.line["boot"] != closing.line["boot"]:
        notes.found("rebooted", host=host)
        return
    name = f"{counters.TABLE}/{counters.REFUSED}"
    if name not in before.counters or name not in after.counters:
        notes.found("counter-missing", host=host, counter=name)
        return
    replaced = [table for table, handle in before.handles.items() if after.handles.get(table) != handle]
    if replaced:
        notes.found("rules-replaced", host=host, tables=", ".join(replaced))
        return
    for phase, look in zip(PHASES, (opening, closing), strict=True):
        _probes(facts, notes, host, phase, look)
    sent = sum(len(_needed(facts, host, look, address)) for look in (closing,) for address in look.line["probes"])
    counted = after.counters[name] - before.counters[name]
    if counted < sent:
        notes.found("counter-blind", host=host, counter=name, counted=max(0, counted), sent=sent)
        return
    notes.tried = (notes.tried or 0) + counted - sent
    ports = {str(port) for port in facts.begin["probe"]["ports"].values()}
    denied = counters.since(before.egress_denied_own, after.egress_denied_own)
    own = {key: count for key, count in denied.items() if not (key[3] in ports and _is_probe(facts, key[1]))}
    if counted > sent:
        users = closing.line["users"]
        notes.found("tried", host=host, packets=counted - sent, denied=_named(own, users, counted - sent))
    _remains(notes, host, before, after, closing.line["users"])


def _probes(facts: Facts, notes: Notes, host: str, phase: Phase, look: Look) -> None:
    """See that the probes were counted, exactly: a witness that missed them could have missed others."""
    assert look.counts is not None  # noqa: S101 (the caller asked)
    port = str(facts.begin["probe"]["ports"][phase])
    for address in look.line["probes"]:
        needed = _needed(facts, host, look, address)
        counted = sum(
            count for key, count in look.counts.egress_denied_own.items() if key[1] == address and key[3] == port
        )
        if counted != len(needed):
            notes.found("probes-uncounted", host=host, phase=phase, to=address, counted=counted, sent=len(needed))


def _needed(facts: Facts, host: str, look: Look, address: str) -> list[str]:
    """Return the probes that must have met the rules: all, but those of a family the host does not speak."""
    sent: list[str] = look.line["probes"][address]
    speaks = any((":" in own) == (":" in address) for own in facts.hosts[host]["addresses"])
    return sent if speaks or any(error != NO_ROUTE for error in sent) else []


def _is_probe(facts: Facts, address: str) -> bool:
    return address in facts.begin["probe"]["addresses"]


def _remains(notes: Notes, host: str, before: counters.Counts, after: counters.Counts, users: dict[str, str]) -> None:
    """Judge what passed the host's own rules and met the cut: connections older than it, or a rule that lets pass."""
    stopped = {
        name: after.counters[key] - before.counters.get(key, 0)
        for name in ("tried", "older", "out")
        if (key := f"{counters.CUT}/{name}") in after.counters
    }
    if packets := stopped.get("tried"):
        who = _named(counters.since(before.remains, after.remains), users, packets)
        notes.tried = (notes.tried or 0) + packets
        notes.found("tried-past-rules", host=host, packets=packets, denied=who)
    if packets := stopped.get("older"):
        notes.remark("older", host=host, packets=packets)
    if packets := stopped.get("out"):
        notes.remark("cut", host=host, packets=packets)


def _named(attempts: dict[counters.Attempt, int], users: dict[str, str], packets: int) -> list[dict[str, Any]]:
    """Return attempts as rows, most packets first; what carries no port or no user is told as a rest."""
    rows = [
        {"who": _user(who, users), "to": where, "protocol": protocol, "port": port, "packets": count}
        for (who, where, protocol, port), count in sorted(attempts.items(), key=lambda item: (-item[1], item[0]))
    ]
    rest = packets - sum(attempts.values())
    if rest > 0:
        rows.append({"who": "?", "to": "?", "protocol": "?", "port": "?", "packets": rest})
    return rows[:NAMED]


def _user(uid: str, users: dict[str, str]) -> str:
    return f"uid {uid} ({users[uid]})" if uid in users else f"uid {uid}"


def _passing(facts: Facts, notes: Notes, router: str, before: counters.Counts, after: counters.Counts) -> None:
    """Judge what wanted to pass the router to the outside: our hosts must not, users' devices are told."""
    name = f"{counters.TABLE}/{counters.PASSING}"
    if name not in before.counters or name not in after.counters:
        notes.found("counter-missing", host=router, counter=name)
        return
    guests = facts.all("guest-probe")
    if not guests:
        notes.gap("guest-probe")
    by_phase = dict(zip(PHASES, (before, after), strict=True))
    closing_sent = 0
    for line in guests:
        port = str(line["port"])
        for address, sent in line["sent"].items():
            kept = by_phase[line["phase"]].egress_denied_forwarded.items()
            counted = sum(count for key, count in kept if key[1] == address and key[3] == port)
            closing_sent += sent if line["phase"] == "closing" else 0
            if counted != sent:
                notes.found(
                    "guest-probes-uncounted",
                    host=router,
                    phase=line["phase"],
                    to=address,
                    counted=counted,
                    sent=sent,
                )
    counted = after.counters[name] - before.counters[name]
    if counted < closing_sent:
        notes.found("counter-blind", host=router, counter=name, counted=max(0, counted), sent=closing_sent)
        return
    ports = {str(line["port"]) for line in guests}
    own: dict[counters.Attempt, int] = {}
    for key, count in counters.since(before.egress_denied_forwarded, after.egress_denied_forwarded).items():
        source, where, protocol, port = key
        if port in ports and _is_probe(facts, where):
            continue
        if host := facts.owner(source):
            own[key] = count
            notes.tried = (notes.tried or 0) + count
            notes.found("passed-on", host=host, router=router, to=where, protocol=protocol, port=port, packets=count)
        else:
            notes.remark(
                "device",
                **{"from": source, "zone": facts.zone(source), "to": where, "protocol": protocol, "port": port},
                packets=count,
            )


def _captures(facts: Facts, notes: Notes) -> None:
    outside: dict[str, list[str]] = facts.begin["outside"]
    if not outside:
        notes.gap("capture")
        return
    notes.left = 0
    for router, interfaces in outside.items():
        line = facts.one("capture", host=router)
        begun = facts.one("watch", host=router)
        if line is None or begun is None:
            lost = facts.one("missing", host=router, phase="capture") or {}
            notes.found("capture-missing", host=router, reason=lost.get("reason", "?"))
            continue
        _in_order(facts, notes, router, begun, line)
        recorded = {one["interface"]: one for one in line["captures"]}
        for interface in interfaces:
            if interface in recorded:
                _capture(notes, router, recorded[interface])
            else:
                notes.found("capture-missing", host=router, reason=interface)


def _in_order(facts: Facts, notes: Notes, router: str, begun: Line, ended: Line) -> None:
    """See that the recording covers both looks at every host."""
    looks = [look.seq for look in facts.looks.values()]
    if looks and not begun["seq"] < min(looks) <= max(looks) < ended["seq"]:
        notes.found("capture-short", host=router)


def _capture(notes: Notes, router: str, one: dict[str, Any]) -> None:
    where = {"host": router, "interface": one["interface"]}
    if not one["pcap"]:
        notes.found("capture-missing", host=router, reason=f"{one['interface']}: {_last(one['said'])}")
        return
    seen = capture.read(one)
    _beats(notes, where, one["beats"], seen.tokens)
    if one["status"] != 0:
        notes.found("capture-ended", **where, status=one["status"])
    if seen.dropped is None:
        notes.found("drops-unknown", **where)
    elif seen.dropped:
        notes.found("drops", **where, packets=seen.dropped)
    if one["bytes_not_kept"]:
        notes.found("capture-too-large", **where, bytes=one["bytes_not_kept"])
    elif seen.damage and one["status"] == 0:
        notes.found("capture-damaged", **where, reason=seen.damage)
    if seen.left:
        notes.left = (notes.left or 0) + seen.left.total()
        packets = [{"packet": packet, "times": times} for packet, times in seen.left.most_common(NAMED)]
        notes.found("left", **where, packets=seen.left.total(), seen=packets)
    for name, count in sorted(seen.link.items()):
        notes.remark("link", **where, frames=count, name=name)


def _beats(notes: Notes, where: dict[str, str], beats: list[dict[str, Any]], tokens: set[str]) -> None:
    times = [float(beat["time"]) for beat in beats]
    for first, last in capture.blind(beats, tokens):
        begin, end = (dt.datetime.fromtimestamp(times[number - 1], dt.UTC) for number in (first, last))
        clock = {"begin": f"{begin:%H:%M:%S}", "end": f"{end:%H:%M:%S}"}
        notes.found("beats-missing", **where, first=first, last=last, of=len(beats), **clock)
    pause = max((later - earlier for earlier, later in pairwise(times)), default=PAUSE_SECONDS + 1)
    if pause > PAUSE_SECONDS:
        notes.found("beats-paused", **where, seconds=round(pause, 1))


def _last(text: str) -> str:
    rows = text.strip().splitlines()
    return rows[-1] if rows else "?"


def _canary(facts: Facts, notes: Notes) -> None:
    before, after = (facts.one("canary", phase=phase) for phase in PHASES)
    if not before or not after:
        notes.gap("canary")
        return
    if arrived := after["packets"] - before["packets"]:
        old = before["sources"]
        grown = {
            f"{source} > {target}": count - old.get(source, {}).get(target, 0)
            for source, targets in after["sources"].items()
            for target, count in targets.items()
        }
        senders = [{"packet": way, "times": count} for way, count in sorted(grown.items()) if count]
        notes.found("arrived", packets=arrived, seen=senders[:NAMED])


def _names(facts: Facts, notes: Notes) -> None:
    """Judge who asked the site's own name server for names outside."""
    servers = [
        (name, looks[1].line["names"])
        for name in facts.with_role("core")
        if (looks := facts.both(name)) and looks[1].line["names"]
    ]
    asked: Counter[tuple[str, str, str]] = Counter()
    for server, log in servers:
        for (client, name, kind), count in names.read(log["stdout"]).items():
            own = client in {"127.0.0.1", "::1"}
            asked[server if own else facts.owner(client) or client, name, kind] += count
    questions = {line["question"]["name"].rstrip(".").lower() for line in facts.all("look")} - {""}
    if not any(name in questions for _, name, _ in asked):
        # The name server keeps no record of what it refuses: then silence says nothing.
        notes.gap("names")
        return
    for (host, phase), look in sorted(facts.looks.items()):
        question = look.line["question"]
        wanted = question["name"].rstrip(".").lower()
        if not question["answer"].startswith("no:"):
            notes.found("names-answered", host=host, name=wanted, answer=question["answer"])
        if not any(who == host and name == wanted for who, name, _ in asked):
            notes.found("names-blind", host=host, phase=phase)
    for (who, name, kind), count in sorted(asked.items()):
        if name in questions:
            continue
        if who in facts.hosts:
            notes.tried = (notes.tried or 0) + count
            notes.found("asked", host=who, name=name, type=kind, times=count)
        else:
            notes.remark("device-asked", **{"from": who}, zone=facts.zone(who), name=name, type=kind, times=count)
