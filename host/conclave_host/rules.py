"""Whether two rule sets are the same: what `nft --json` lists, without what packets and time change.

The host compares its live rules with its staged ones; the control node compares both with what it deployed.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = Any

# What packets and time change, and what only numbers things.
MOVING = frozenset({"handle", "packets", "bytes", "used", "expires"})


def entries(listing: str | bytes) -> list[Json]:
    """Return tables, chains, rules, sets and counters of a listing, without its preamble."""
    return [entry for entry in json.loads(listing)["nftables"] if "metainfo" not in entry]


def normal(listed: Iterable[Json]) -> dict[str, Json]:
    """Return a rule set without counts, handles and what dynamic sets hold.

    Tables, sets and chains come by name, rules in their order; elements of sets are sorted, for the kernel lists them
    in none.
    """
    listed = list(listed)
    moving = filled_by_packets(listed)
    found: dict[str, Json] = {}
    for entry in listed:
        ((kind, body),) = entry.items()
        table = table_of(entry)
        place = found.setdefault(table, {})
        if kind == "rule":
            place.setdefault(f"rules {body['chain']}", []).append(_steady(body["expr"]))
            continue
        kept = {key: value for key, value in body.items() if key not in {"family", "table", "name"}}
        if kind in {"set", "map"} and (table, body["name"]) in moving:
            # What nft prints of the statements of such a set depends on whether it holds something.
            kept = {key: value for key, value in kept.items() if key not in {"elem", "stmt"}}
        place[f"{kind} {body['name']}"] = _steady(kept)
    return found


def table_of(entry: Json) -> str:
    """Return family and name of the table that an entry belongs to."""
    ((kind, body),) = entry.items()
    return f"{body['family']} {body['name'] if kind == 'table' else body['table']}"


def filled_by_packets(listed: Iterable[Json]) -> set[tuple[str, str]]:
    """Return table and name of the sets that rules fill while packets pass: nft does not always call them dynamic."""
    found = set()
    for entry in listed:
        rule = entry.get("rule")
        for statement in rule["expr"] if rule else ():
            inner = statement.get("set") or statement.get("map")
            if isinstance(inner, dict) and isinstance(inner.get("set") or inner.get("map"), str):
                name = (inner.get("set") or inner["map"]).removeprefix("@")
                found.add((f"{rule['family']} {rule['table']}", name))
        for kind in ("set", "map"):
            if "dynamic" in entry.get(kind, {}).get("flags", ()):
                body = entry[kind]
                found.add((f"{body['family']} {body['table']}", body["name"]))
    return found


def _steady(value: Json) -> Json:
    if isinstance(value, dict):
        inner = {key: _steady(one) for key, one in value.items() if key not in MOVING}
        for key in ("elem", "set"):
            if isinstance(inner.get(key), list):
                inner[key] = sorted(inner[key], key=_text)
        return inner
    if isinstance(value, list):
        return [_steady(one) for one in value]
    return value


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def differences(live: dict[str, Json], staged: dict[str, Json]) -> list[str]:
    """Return where two normal rule sets differ, as short names such as `inet conclave: rules output`."""
    found = []
    for table in sorted({*live, *staged}):
        if table not in staged:
            found.append(f"+ table {table}")
        elif table not in live:
            found.append(f"- table {table}")
        else:
            parts = sorted({*live[table], *staged[table]})
            found += [f"{table}: {part}" for part in parts if live[table].get(part) != staged[table].get(part)]
    return found
