"""The rules in force are the staged ones: the whole rule set is compared, foreign tables included."""

from __future__ import annotations

import difflib
import re

from conclave_host import rules

# Statements of rules whose right side is a set without an order of its own.
_ELEMENTS = re.compile(r"\n\s*elements = \{[^}]*\}")


def differences(live: str, staged: str) -> list[str]:
    """Return where two listings of `nft -j list ruleset` differ, in short names: `inet conclave: rules output`."""
    return rules.differences(rules.normal(rules.entries(live)), rules.normal(rules.entries(staged)))


def changed_lines(live: str, staged: str) -> list[str]:
    """Return the lines of two text listings that stand in one of them only, with + for live and - for staged."""
    changed = difflib.unified_diff(_rows(staged), _rows(live), lineterm="", n=0)
    return [f"{row[0]} {row[1:].strip()}" for row in changed if row[:1] in "+-" and row[:3] not in {"+++", "---"}]


def _rows(listing: str) -> list[str]:
    """Return the lines of a listing, its tables by name: their order is that of loading."""
    tables = sorted(re.split(r"^(?=table )", _ELEMENTS.sub("", listing), flags=re.MULTILINE))
    return [row for table in tables for row in table.splitlines() if row.strip()]
