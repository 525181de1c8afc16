"""What the switch says of a host: to people, to the control node, and to the host's services."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from conclave_host.mode.state import State


def published(word: str, state: State) -> str:
    """Return the line of JSON that services of the host read, and every account of it: not who switched it and why."""
    # A switch has its rules loaded before it loads this module.
    import json

    shown = {name: value for name, value in of(word, state).items() if name not in {"reason", "actor"}}
    return f"{json.dumps(shown, ensure_ascii=False)}\n"


def of(word: str, state: State) -> dict[str, object]:
    """Return mode, when, why and who, and the rehearsal that is going on."""
    rehearsal = state.rehearsal
    return {
        "mode": word,
        "since": state.since,
        "reason": state.reason,
        "actor": state.actor,
        "pending": {"id": rehearsal.id, "deadline": utc(rehearsal.deadline)} if rehearsal else None,
    }


def sentence(word: str, state: State) -> str:
    """Return the same for people."""
    ends = f", ends by itself at {utc(state.rehearsal.deadline)}" if state.rehearsal else ""
    return f"{word} since {state.since}{ends}\n"


def utc(seconds: int) -> str:
    """Return a moment as ISO 8601 writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
