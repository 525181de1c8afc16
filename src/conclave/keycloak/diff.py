"""What differs between the wanted part of an object and the whole object Keycloak shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MASK = "**********"


@dataclass(frozen=True)
class Change:
    """One difference: what it is about, and its value before and after (JSON values; None: not there)."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.path}" + ("" if self.after is True else f": {self.after!r}")
        if self.after is None:
            return f"- {self.path}"
        return f"~ {self.path}: {self.before!r} -> {self.after!r}"


def differences(path: str, wanted: Any, found: Any) -> list[Change]:  # noqa: ANN401 - JSON
    """Compare; objects by the wanted keys only, lists without order.

    Parameters
    ----------
    path:
        Where in the realm this is, for the text.
    wanted:
        The part that matters. An empty string means "not set".
    found:
        The whole, as Keycloak shows it.
    """
    if isinstance(wanted, dict):
        there = found if isinstance(found, dict) else {}
        return [change for key in wanted for change in differences(f"{path}/{key}", wanted[key], there.get(key))]
    if isinstance(wanted, list) and isinstance(found, list):
        if sorted(map(repr, wanted)) == sorted(map(repr, found)):
            return []
        return [Change(path, found, wanted)]
    if wanted == found or (wanted in ("", []) and found in (None, "", [])):
        return []
    return [Change(path, found, wanted)]


def merged(wanted: Any, found: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the whole with the wanted part in it: Keycloak ignores some fields of a partial update."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {**found, **{key: merged(value, found.get(key)) for key, value in wanted.items()}}
    return wanted
