"""Evidence as JSON lines in one form only (RFC 8785), each bound to the line before it by that line's SHA-256."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import rfc8785

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

Line = dict[str, Any]

FIRST = "0" * 64
# What a JSON number can hold everywhere (RFC 8785, section 3.2.2.3: IEEE 754 double precision).
LARGEST = 2**53 - 1
CERTIFICATE, SIGNATURE = "certificate", "signature"


class DamagedError(ConclaveError):
    """Evidence that is not what was written; its exit code says in which way."""


def plain(value: object) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a value with numbers that JSON cannot carry exactly written as text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return str(value)
    return value


def canonical(line: Line) -> bytes:
    """Return the one form of a line (RFC 8785), without a line feed."""
    return rfc8785.dumps(plain(line))


def digest(line: bytes) -> str:
    """Return the SHA-256 of a line, without its line feed, as 64 hexadecimal digits."""
    return hashlib.sha256(line).hexdigest()


class Chain:
    """Evidence being written: each line is in the file before the next one is made.

    Parameters
    ----------
    file:
        Where lines go.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.lines: list[Line] = []
        self.head = FIRST

    def add(self, kind: str, **content: object) -> Line:
        """Write one line and return it."""
        line: Line = {
            "seq": len(self.lines),
            "prev": self.head,
            "kind": kind,
            "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            **plain(content),
        }
        written = canonical(line)
        self._file.write(written + b"\n")
        self._file.flush()
        self.lines.append(line)
        self.head = digest(written)
        return line


def split(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Split a file into the chained lines and the signatures behind them."""
    if not data.endswith(b"\n"):
        raise DamagedError(
            f"line {data.count(b'\n') + 1} has no end" if data else "the file is empty",
            expected="whole lines, the last one a signature",
            exit_code=ExitCode.EVIDENCE_TRUNCATED if data else ExitCode.EVIDENCE_UNREADABLE,
        )
    rows = data.split(b"\n")[:-1]
    kinds = [_parse(row, number).get("kind") for number, row in enumerate(rows, 1)]
    end = len(rows)
    while end and kinds[end - 1] == SIGNATURE:
        end -= 1
    return rows[:end], rows[end:]


def check(rows: Sequence[bytes]) -> list[Line]:
    """Return the lines of an undamaged chain that ends with its certificate.

    Raises
    ------
    DamagedError
        Saying which line was edited or removed, or that the end is missing. Lines are counted from 1.
    """
    lines = [_parse(row, number) for number, row in enumerate(rows, 1)]
    previous = FIRST
    for index, (row, line) in enumerate(zip(rows, lines, strict=True)):
        seq = line.get("seq")
        if seq != index:
            _wrong_order(index, seq)
        if canonical(line) != row:
            _edited(index, "it is not in the form of RFC 8785")
        if line.get("prev") != previous:
            _unlinked(index, rows, lines)
        previous = digest(row)
    if not lines or lines[-1].get("kind") != CERTIFICATE:
        raise DamagedError(
            f"the file ends after line {len(lines)}, before its certificate",
            expected="a certificate as the last line before the signatures",
            todo="request the complete file",
            exit_code=ExitCode.EVIDENCE_TRUNCATED,
        )
    return lines


def _parse(row: bytes, number: int) -> Line:
    try:
        line = json.loads(row)
    except ValueError:
        line = None
    if not isinstance(line, dict):
        raise DamagedError(
            f"line {number} is not a JSON object",
            expected="evidence of Conclave",
            exit_code=ExitCode.EVIDENCE_UNREADABLE,
        )
    return line


def _wrong_order(index: int, seq: object) -> NoReturn:
    if isinstance(seq, int) and seq > index:
        first, last = index + 1, seq
        gone = f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
    else:
        gone = f"line {index + 1} says that it is line {seq + 1 if isinstance(seq, int) else seq!r}"
    raise DamagedError(gone, expected="every line, in its order", exit_code=ExitCode.EVIDENCE_REMOVED)


def _unlinked(index: int, rows: Sequence[bytes], lines: Sequence[Line]) -> NoReturn:
    # When the next line still vouches for this one, it is the one before that was changed.
    vouched = index + 1 < len(rows) and lines[index + 1].get("prev") == digest(rows[index])
    last = index + 1 == len(rows)
    _edited(index - 1 if index and (vouched or last) else index, "its SHA-256 is not the one in the line after it")


def _edited(index: int, why: str) -> NoReturn:
    raise DamagedError(
        f"line {index + 1} was changed: {why}",
        expected="lines as they were written",
        exit_code=ExitCode.EVIDENCE_EDITED,
    )
