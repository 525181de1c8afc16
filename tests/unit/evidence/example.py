"""The lines of a proof as hosts would give them: two hosts, a router among them; everything is as it should be."""

from __future__ import annotations

import base64
import io
import json
from ipaddress import ip_address
from typing import Any

import dpkt

from conclave.evidence import chain
from conclave.evidence.witness.onhost import BEAT_GROUP, BEAT_MARK, BEAT_TYPE

NOBODY = ["203.0.113.9", "2001:db8:ffff::9"]
PORTS, GUEST_PORTS = {"opening": 20001, "closing": 20002}, {"opening": 20003, "closing": 20004}
TOKENS = [bytes([number]) * 8 for number in range(1, 21)]
OWN = bytes.fromhex("020000000001")
ROUTER = {"name": "rt", "roles": ["router"], "zone": "mgmt", "addresses": ["192.0.2.129", "2001:db8:1:5::1"]}
CORE = {"name": "core1", "roles": ["core"], "zone": "core", "addresses": ["192.0.2.66", "2001:db8:1:3::2"]}
OUTPUT = [
    {"match": {"op": "==", "left": {"meta": {"key": "oif"}}, "right": "lo"}},
    {"accept": None},
]
KEEPS = {"set": {"op": "update", "elem": {"meta": {"key": "skuid"}}, "set": "@egress_denied_own4"}}
FIREWALL, CUT_FILE = "/etc/conclave/firewall/conclave.nft", "/etc/conclave/mode/cut.nft"
RULES = {FIREWALL: "table inet conclave {\n}\n", CUT_FILE: "table inet conclave_cut {\n}\n"}
Attempts = dict[tuple[Any, str, str, int], int]


def listing(
    counters: dict[str, int],
    egress_denied_own: Attempts,
    egress_denied_forwarded: Attempts | None = None,
    tried: Attempts | None = None,
    rules: list[Any] | None = None,
    tables: tuple[str, ...] = ("conclave", "conclave_cut"),
    handle: int = 7,
) -> str:
    """Return what `nft -j list ruleset` prints."""
    entries: list[dict[str, Any]] = [{"metainfo": {"version": "1.1.3", "json_schema_version": 1}}]
    entries += [{"table": {"family": "inet", "name": name, "handle": handle}} for name in tables]
    for name, packets in counters.items():
        table, _, own = name.partition("/")
        body = {"family": "inet", "table": table, "name": own, "handle": 3, "packets": packets, "bytes": 44 * packets}
        entries.append({"counter": body})
    chains = {"family": "inet", "table": "conclave", "name": "output", "type": "filter", "hook": "output", "prio": 0}
    entries.append({"chain": {**chains, "handle": 4, "policy": "drop"}})
    for number, expression in enumerate([OUTPUT, *(rules or []), [KEEPS]]):
        rule = {"family": "inet", "table": "conclave", "chain": "output", "handle": 20 + number, "expr": expression}
        entries.append({"rule": rule})
    for table, name, kept in (
        ("conclave", "egress_denied_own", egress_denied_own),
        ("conclave", "egress_denied_forwarded", egress_denied_forwarded or {}),
        ("conclave_cut", "tried", tried or {}),
    ):
        for version in ("4", "6"):
            held = {key: count for key, count in kept.items() if (":" in key[1]) == (version == "6")}
            elements = [
                {"elem": {"val": {"concat": list(key)}, "counter": {"packets": count, "bytes": 36 * count}}}
                for key, count in held.items()
            ]
            body = {"family": "inet", "table": table, "name": name + version, "handle": 9, "flags": ["dynamic"]}
            entries.append({"set": {**body, **({"elem": elements} if elements else {})}})
    return json.dumps({"nftables": entries})


def beat(token: bytes) -> bytes:
    return BEAT_GROUP + OWN + BEAT_TYPE.to_bytes(2, "big") + (BEAT_MARK + token).ljust(46, b"\0")


def packet(target: str = "203.0.113.53", port: int = 53) -> bytes:
    inner = dpkt.udp.UDP(sport=4000, dport=port, data=b"question")
    inner.ulen = len(inner)
    if ":" in target:
        whole: Any = dpkt.ip6.IP6(src=b"\x20" * 16, dst=_address(target), nxt=17, data=inner)
        whole.plen = len(inner)
        kind = dpkt.ethernet.ETH_TYPE_IP6
    else:
        whole = dpkt.ip.IP(src=_address("203.0.113.1"), dst=_address(target), p=17, data=inner)
        kind = dpkt.ethernet.ETH_TYPE_IP
    return bytes(dpkt.ethernet.Ethernet(src=OWN, dst=b"\x02" * 6, type=kind, data=whole))


def _address(text: str) -> bytes:
    return ip_address(text).packed


def recording(frames: list[bytes]) -> str:
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, snaplen=128)
    for number, frame in enumerate(frames):
        writer.writepkt(frame, ts=float(number))
    return base64.b64encode(file.getvalue()).decode()


def capture(frames: list[bytes] | None = None, **other: object) -> dict[str, Any]:
    return {
        "interface": "outside",
        "pcap": recording([beat(token) for token in TOKENS] if frames is None else frames),
        "bytes_not_kept": 0,
        "beats": [
            {"token": token.hex(), "time": 1000.0 + 0.6 * number, "error": "", "needed": True}
            for number, token in enumerate(TOKENS)
        ],
        "status": 0,
        "said": "tcpdump: listening on outside\n20 packets captured\n0 packets dropped by kernel\n",
        "version": "4.99.5",
        **other,
    }


def counts(host: dict[str, Any], phase: str) -> dict[str, Any]:
    """Return what the rules of a host have counted when nothing but the probes was there."""
    closing = phase == "closing"
    egress_denied_own: Attempts = {(0, address, "udp", PORTS["opening"]): 3 for address in NOBODY}
    egress_denied_own |= {(0, address, "udp", PORTS["closing"]): 3 for address in NOBODY} if closing else {}
    found: dict[str, Any] = {
        "counters": {
            "conclave/refused-outside": 12 if closing else 6,
            "conclave_cut/tried": 0,
            "conclave_cut/older": 0,
        },
        "egress_denied_own": egress_denied_own,
    }
    if host is ROUTER:
        source = {":": "2001:db8:1:6::10", ".": "198.51.100.10"}
        phases = ["opening", "closing"] if closing else ["opening"]
        found["counters"]["conclave/forward-outside"] = 6 * len(phases)
        found["egress_denied_forwarded"] = {
            (source[":" if ":" in address else "."], address, "udp", GUEST_PORTS[one]): 3
            for one in phases
            for address in NOBODY
        }
    return found


def interface(name: str, *addresses: str) -> dict[str, Any]:
    """Return an interface as `ip -j address` lists it."""
    flags = ["LOOPBACK", "UP"] if name == "lo" else ["BROADCAST", "UP"]
    info = [{"local": address, "scope": "host" if name == "lo" else "global"} for address in addresses]
    return {"ifname": name, "flags": flags, "addr_info": info}


def run(stdout: str, rc: int | None = 0, stderr: str = "") -> dict[str, Any]:
    return {"rc": rc, "stdout": stdout, "stderr": stderr}


def look(host: dict[str, Any], phase: str) -> dict[str, Any]:
    names = "\n".join(
        f"[1] unbound[9:0] info: . refuse {client}@5353 {one}-{who['name']}.example.net. A IN"
        for who, client in ((ROUTER, "192.0.2.129"), (CORE, "127.0.0.1"))
        for one in ("opening", "closing")
    )
    zero = dict.fromkeys(counts(host, phase)["counters"], 0)
    return {
        "kind": "look",
        "host": host["name"],
        "phase": phase,
        "time": 1000.0,
        "boot": "a-boot",
        "probes": {address: ["Operation not permitted"] * 3 for address in NOBODY},
        "question": {"name": f"{phase}-{host['name']}.example.net.", "answer": "no: Name or service not known"},
        "mode": run('{"mode": "isolated"}'),
        "live": run(listing(**counts(host, phase))),
        "live_text": run("table inet conclave {\n}\n"),
        "rendered": run(listing(zero, {}, handle=1)),
        "rendered_text": run("table inet conclave {\n}\n"),
        "staged_files": {file: f"{text}# sha256 0123\n" for file, text in RULES.items()},
        "asked": 999.9,
        "answered": 1000.4,
        "interfaces": run(json.dumps([interface("lo", "127.0.0.1", "::1"), interface("eth0", *host["addresses"])])),
        "tracking": run("C0000242,192.0.2.66,3,1000.0,0.000012,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,Normal\n"),
        "users": {"0": "root", "997": "conclave-livekit"},
        "versions": {"kernel": "6.12", "release": "0.1.0", "packages": {"nftables": "1.1.3"}},
        "names": run(names) if host is CORE and phase == "closing" else None,
    }


def call(**other: object) -> dict[str, Any]:
    receives = {"sender": "Probe 2", "frames_sent": 900, "frames_decoded": 900, "longest_gap_ms": 80}
    result = {
        "ok": True,
        "seconds": 60.2,
        "problems": [],
        "encrypted": True,
        "participants": [{"name": "Probe 1", "path": "udp", "receives": [receives]}],
        **other,
    }
    return {"kind": "call", "result": result, "error": ""}


def proof() -> list[dict[str, Any]]:
    """Return the lines, each with its kind."""
    begin = {
        "kind": "begin",
        "format": "conclave-isolation-evidence/2",
        "public": [],
        "rules": {"rt": RULES, "core1": RULES},
        "number": 1,
        "previous": None,
        "site": "lab",
        "domain": "conf.lab.example",
        "actor": "somebody",
        "reason": "test",
        "conclave": "0.1.0",
        "zones": {"users": ["198.51.100.0/24", "2001:db8:1:6::/64"], "core": ["192.0.2.64/27", "2001:db8:1:3::/64"]},
        "hosts": [ROUTER, CORE],
        "outside": {"rt": ["outside"]},
        "probe": {"addresses": NOBODY, "ports": PORTS, "count": 3},
    }
    canary = {"kind": "canary", "packets": 5, "link_local": 9, "sources": {"192.0.2.66": {"203.0.113.9": 5}}}
    page = {"kind": "page", "what": "page", "url": "https://meet.conf.lab.example/", "fetched": 9, "foreign": []}
    guests = {"kind": "guest-probe", "from": "users", "sent": dict.fromkeys(NOBODY, 3)}
    return [
        begin,
        {"kind": "watch", "host": "rt", "interfaces": ["outside"], "ready": [True]},
        {**canary, "phase": "opening"},
        {**guests, "phase": "opening", "port": GUEST_PORTS["opening"]},
        look(ROUTER, "opening"),
        look(CORE, "opening"),
        call(),
        {**page, "error": ""},
        {**guests, "phase": "closing", "port": GUEST_PORTS["closing"]},
        look(ROUTER, "closing"),
        look(CORE, "closing"),
        {**canary, "phase": "closing"},
        {"kind": "capture", "host": "rt", "captures": [capture()]},
    ]


def find(lines: list[dict[str, Any]], kind: str, **having: object) -> dict[str, Any]:
    """Return the line to change."""
    return next(
        line for line in lines if line["kind"] == kind and all(line.get(key) == value for key, value in having.items())
    )


def written(lines: list[dict[str, Any]]) -> tuple[io.BytesIO, chain.Chain]:
    """Put lines into a chain."""
    file = io.BytesIO()
    book = chain.Chain(file)
    for line in lines:
        book.add(line["kind"], **{key: value for key, value in line.items() if key != "kind"})
    return file, book
