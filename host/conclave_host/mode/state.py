"""What a host remembers of its mode, and how that stands in its files."""

from __future__ import annotations

from conclave_host.value import Value

FOLDER = "/var/lib/conclave/mode"
OPEN, ISOLATED, UNKNOWN, SEALED = "open", "isolated", "unknown", "sealed"


class Rehearsal(Value):
    """An isolation that ends by itself.

    Parameters
    ----------
    id:
        Name that all hosts of the site know it by.
    deadline:
        When it ends, in seconds since 1970.
    seconds:
        How long it was to last; 0 in a file that does not say so.
    """

    id: str
    deadline: int
    seconds: int = 0


class State(Value):
    """What the host is to be.

    Parameters
    ----------
    mode:
        ``open``, ``isolated``, or ``unknown`` when nobody can tell: that is no permission to be open.
    since:
        Since when it is, in UTC.
    actor, reason:
        Who asked for it, and why.
    rehearsal:
        The rehearsal that is going on.
    """

    mode: str
    since: str = ""
    actor: str = ""
    reason: str = ""
    rehearsal: Rehearsal | None = None

    @property
    def effective(self) -> str:
        """The mode whose rules are loaded."""
        return OPEN if self.mode == OPEN else ISOLATED


def read(mode: bytes | None, pending: bytes | None) -> State:
    """Return the state that the two files give."""
    kept, coming = _values(mode), _values(pending)
    word = kept.get("mode", "")
    return State(
        word if word in {OPEN, ISOLATED} else UNKNOWN,
        kept.get("since", ""),
        kept.get("actor", ""),
        kept.get("reason", ""),
        Rehearsal(coming["id"], _number(coming.get("deadline")), _number(coming.get("seconds")))
        if coming.get("id")
        else None,
    )


def mode_file(state: State) -> bytes:
    """Return the file of the mode."""
    return _lines(mode=state.mode, since=state.since, actor=state.actor, reason=state.reason)


def pending_file(rehearsal: Rehearsal) -> bytes:
    """Return the file of a rehearsal."""
    return _lines(id=rehearsal.id, deadline=rehearsal.deadline, seconds=rehearsal.seconds)


def _lines(**values: object) -> bytes:
    return "".join(f"{key}={value}\n" for key, value in values.items()).encode(errors="replace")


def _values(content: bytes | None) -> dict[str, str]:
    rows = (content or b"").decode(errors="replace").split("\n")
    # A line that was cut off says nothing.
    return {key: value for key, sign, value in (row.partition("=") for row in rows[:-1]) if sign}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
