"""The rules in force are the staged ones: the whole rule set is compared, foreign tables included."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

Json = Any
# What packets and time change, and what only numbers things.
_MOVING = ("handle", "packets", "bytes", "used", "expires")
# Statements of rules whose right side is a set without an order of its own.
_ELEMENTS = re.compile(r"\n\s*elements = \{[^}]*\}")


def normal(listing: str) -> dict[str, Json]:
    """Return a rule set of `nft -j list ruleset` without counts, handles and what dynamic sets hold.

    Tables, sets and chains come by name, rules in their order; elements of sets are sorted.
    """
    entries = [entry for entry in json.loads(listing)["nftables"] if "metainfo" not in entry]
    moving = filled_by_packets(entries)
    found: dict[str, Json] = {}
    for entry in entries:
        ((kind, body),) = entry.items()
        table = f"{body['family']} {body['name'] if kind == 'table' else body['table']}"
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


def filled_by_packets(entries: list[Json]) -> set[tuple[str, str]]:
    """Return table and name of the sets that rules fill while packets pass: nft does not always call them dynamic."""
    found = set()
    for entry in entries:
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
        inner = {key: _steady(one) for key, one in value.items() if key not in _MOVING}
        for key in ("elem", "set"):
            if isinstance(inner.get(key), list):
                inner[key] = sorted(inner[key], key=_text)
        return inner
    if isinstance(value, list):
        return [_steady(one) for one in value]
    return value


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def differences(live: str, staged: str) -> list[str]:
    """Return where two listings differ, as short names such as `inet conclave: rules output`."""
    ours, theirs = normal(live), normal(staged)
    found = []
    for table in sorted({*ours, *theirs}):
        if table not in theirs:
            found.append(f"+ table {table}")
        elif table not in ours:
            found.append(f"- table {table}")
        else:
            parts = sorted({*ours[table], *theirs[table]})
            found += [f"{table}: {part}" for part in parts if ours[table].get(part) != theirs[table].get(part)]
    return found


def changed_lines(live: str, staged: str) -> list[str]:
    """Return the lines of two text listings that stand in one of them only, with + for live and - for staged."""
    changed = difflib.unified_diff(_rows(staged), _rows(live), lineterm="", n=0)
    return [f"{row[0]} {row[1:].strip()}" for row in changed if row[:1] in "+-" and row[:3] not in {"+++", "---"}]


def _rows(listing: str) -> list[str]:
    """Return the lines of a listing, its tables by name: their order is that of loading."""
    tables = sorted(re.split(r"^(?=table )", _ELEMENTS.sub("", listing), flags=re.MULTILINE))
    return [row for table in tables for row in table.splitlines() if row.strip()]
