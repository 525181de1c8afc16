"""Counters of the hosts' own rules: what a host tried to send out, and who did it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

TABLE, CUT = "conclave", "conclave_cut"
REFUSED, PASSING = "refused-outside", "forward-outside"

# Who sent (uid or source address), to which address, by which protocol, to which port.
Attempt = tuple[str, str, str, str]


@dataclass
class Counts:
    """What the rules of one host have counted so far.

    Parameters
    ----------
    handles:
        Number that the kernel gave each table: another one means that the table was loaded anew.
    counters:
        Packets by named counter, as `table/name`.
    egress_denied_own:
        Packets by attempt, of the host's own processes.
    egress_denied_forwarded:
        Packets by attempt, of what wanted to pass through the host.
    remains:
        Packets by attempt, of what only the cut stopped.
    """

    handles: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    egress_denied_own: dict[Attempt, int] = field(default_factory=dict)
    egress_denied_forwarded: dict[Attempt, int] = field(default_factory=dict)
    remains: dict[Attempt, int] = field(default_factory=dict)


def read(listing: str) -> Counts:
    """Read `nft -j list ruleset`."""
    counts = Counts()
    for entry in json.loads(listing)["nftables"]:
        ((kind, body),) = entry.items()
        if kind == "table":
            counts.handles[f"{body['family']} {body['name']}"] = body["handle"]
        elif kind == "counter" and body["family"] == "inet":
            counts.counters[f"{body['table']}/{body['name']}"] = int(body["packets"])
        elif kind == "set" and body["family"] == "inet":
            kept = _kept(counts, body["table"], body["name"])
            if kept is not None:
                kept.update(_elements(body))
    return counts


def _kept(counts: Counts, table: str, name: str) -> dict[Attempt, int] | None:
    # Evidence of earlier releases has the sets under their old names.
    if table == TABLE and name[:-1] in {"egress_denied_own", "culprits"}:
        return counts.egress_denied_own
    if table == TABLE and name[:-1] in {"egress_denied_forwarded", "leavers"}:
        return counts.egress_denied_forwarded
    if table == CUT and name in {"tried4", "tried6"}:
        return counts.remains
    return None


def _elements(body: dict[str, Any]) -> dict[Attempt, int]:
    found: dict[Attempt, int] = {}
    for item in body.get("elem", []):
        inner = item.get("elem", {}) if isinstance(item, dict) else {}
        parts = inner.get("val", {}).get("concat", [])
        if len(parts) == 4:  # noqa: PLR2004 - who, where, how, port
            who, where, protocol, port = map(str, parts)
            found[who, where, protocol, port] = int(inner.get("counter", {}).get("packets", 0))
    return found


def since(before: dict[Attempt, int], after: dict[Attempt, int]) -> dict[Attempt, int]:
    """Return what was added between two readings."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}
