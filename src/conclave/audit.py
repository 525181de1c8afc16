"""The chain of the portal's audit log, verified away from the database that keeps it.

The form that is hashed stands in ``portal/audit/models.py``. The chain alone shows what was deleted, altered or moved
between its beginning and its end. That entries were cut off at the end, or all written anew from some entry on, shows
in the heads that were seen before: each verification keeps the one it saw.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FIRST = "0" * 64
_HASHED = ("number", "previous", "at", "action", "who", "meeting", "sealed", "details")
_PERSONAL = ("salt", "actor", "address")
_STEPS = {
    "deleted": ExitCode.EVIDENCE_REMOVED,
    "outside": ExitCode.EVIDENCE_REMOVED,
    "altered": ExitCode.EVIDENCE_EDITED,
    "moved": ExitCode.EVIDENCE_EDITED,
    "rewritten": ExitCode.EVIDENCE_EDITED,
    "cut": ExitCode.EVIDENCE_TRUNCATED,
}

Entry = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The end of a chain: how many entries it has, and the hash of the last one."""

    number: int
    hash: str


@dataclass(frozen=True)
class Finding:
    """What is not as it was written.

    Parameters
    ----------
    kind:
        ``deleted``, ``altered``, ``moved``, ``outside`` (an entry that no chain holds), ``cut`` (at the end) or
        ``rewritten``.
    number:
        The first entry that it is about; 0 if it has no number.
    text:
        The same for people.
    """

    kind: str
    number: int
    text: str

    @property
    def exit_code(self) -> ExitCode:
        """Exit status of a verification that found it."""
        return _STEPS[self.kind]


def read(text: str) -> tuple[list[Entry], Head]:
    """Return entries and head of an export.

    Raises
    ------
    ConclaveError
        When it is none, or its last line is missing.
    """
    try:
        rows = [json.loads(line) for line in text.splitlines()]
        head = Head(**rows.pop()["head"])
        entries = [{name: row[name] for name in (*_HASHED, *_PERSONAL, "hash")} for row in rows]
    except (ValueError, LookupError, TypeError) as error:
        raise ConclaveError(
            "this is no whole export of an audit log",
            expected="one JSON object a line, the last one the head",
            todo="conclave audit export SITE --out FILE",
            exit_code=ExitCode.EVIDENCE_UNREADABLE,
        ) from error
    return entries, head


def verify(entries: Iterable[Entry], head: Head, seen: Iterable[Head] = ()) -> list[Finding]:
    """Compare a chain with itself, with its head, and with heads that were seen before.

    Parameters
    ----------
    entries:
        All of it, in the order of the export.
    head:
        Where the database says that it ends.
    seen:
        Heads of earlier verifications.

    Returns
    -------
    What was found; nothing when the log is as it was written.
    """
    rows = list(entries)
    chain = [row for row in rows if row["number"] is not None]
    found = [
        Finding("outside", 0, f"an entry of {row['at']} is in the log and not in its chain")
        for row in rows
        if row["number"] is None
    ]
    place = _places(chain)
    last = Head(0, FIRST)
    for row in chain:
        own = _own(row, place)
        # What was moved does not fit where it stands.
        found += own if any(one.kind == "moved" for one in own) else own + _between(last, row)
        last = Head(int(row["number"]), str(row["hash"]))
    if last != head:
        kind, what = (
            ("cut", "ends after") if last.number < head.number else ("rewritten", "is not the one at the end of")
        )
        found.append(
            Finding(kind, last.number + 1, f"the head names entry {head.number}, and the log {what} {last.number}")
        )
    hashes = {0: FIRST} | {int(row["number"]): str(row["hash"]) for row in chain}
    return found + _since(seen, hashes, last)


def _places(chain: list[Entry]) -> dict[str, int]:
    """Return by hash the number that each entry had when it was written: as one leads to the next."""
    following = {str(row["previous"]): str(row["hash"]) for row in chain}
    place: dict[str, int] = {}
    at = FIRST
    while (at := following.get(at, FIRST)) != FIRST and at not in place:
        place[at] = len(place) + 1
    return place


def _between(last: Head, row: Entry) -> list[Finding]:
    """Compare an entry with the one before it."""
    number, wanted = int(row["number"]), last.number + 1
    if number > wanted:
        which = f"entry {wanted} is" if number == wanted + 1 else f"entries {wanted} to {number - 1} are"
        return [Finding("deleted", wanted, f"{which} missing")]
    if number < wanted:
        return [Finding("moved", number, f"entry {number} stands after entry {last.number}")]
    if row["previous"] != last.hash:
        return [Finding("rewritten", number, f"entry {number} was not written after this entry {last.number}")]
    return []


def _own(row: Entry, place: dict[str, int]) -> list[Finding]:
    """Compare an entry with its own hashes."""
    number = int(row["number"])
    if _digest([row[name] for name in _HASHED]) != row["hash"]:
        was = place.get(str(row["hash"]), number)
        if was != number and _digest([was, *(row[name] for name in _HASHED[1:])]) == row["hash"]:
            return [Finding("moved", number, f"entry {number} was written as entry {was}")]
        return [Finding("altered", number, f"entry {number} of {row['at']} is not as it was written")]
    personal = [row[name] for name in _PERSONAL]
    if any(personal) and _digest(personal) != row["sealed"]:
        return [
            Finding("altered", number, f"name or address in entry {number} of {row['at']} is not as it was written")
        ]
    return []


def _since(seen: Iterable[Head], hashes: dict[int, str], last: Head) -> list[Finding]:
    """Compare a chain with the heads that were seen before: the first that does not fit says enough."""
    for one in sorted(seen, key=lambda head: head.number):
        if one.number > last.number:
            text = f"entry {one.number} was there at an earlier verification, and the log ends after {last.number}"
            return [Finding("cut", last.number + 1, text)]
        if one.number in hashes and hashes[one.number] != one.hash:
            text = f"entry {one.number} has another hash than at an earlier verification"
            return [Finding("rewritten", one.number, text)]
    return []


def _digest(form: list[Any]) -> str:
    return hashlib.sha256(json.dumps(form, ensure_ascii=False).encode()).hexdigest()


def seen(file: Path) -> list[Head]:
    """Return the heads that were seen before.

    Raises
    ------
    ConclaveError
        When the file is damaged.
    """
    if not file.exists():
        return []
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [Head(int(row["number"]), str(row["hash"])) for row in rows]
    except (ValueError, LookupError, TypeError) as error:
        raise ConclaveError(
            f"{file} is damaged",
            expected="one JSON object a line: number, hash and time of a head",
            todo="take it from a backup of this machine; without it nobody knows whether the log was cut off",
            exit_code=ExitCode.EVIDENCE_UNREADABLE,
        ) from error


def keep(file: Path, head: Head) -> None:
    """Keep a head that was verified, unless it is the last one kept."""
    if [head] == seen(file)[-1:]:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**asdict(head), "at": now}) + "\n")
