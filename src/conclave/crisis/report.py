"""What a switch has done on every host, and whether all of them agree."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# So many differences of a host are named.
SHOWN = 3


@dataclass
class HostReport:
    """One host: what it said last.

    Parameters
    ----------
    mode:
        ``open``, ``isolated``, ``sealed`` or ``unknown``; empty while it has said nothing.
    live:
        Whether the rules in its kernel are the staged ones.
    staged:
        Whether its staged files are whole.
    services:
        Whether its services have the files of its mode.
    rehearsal:
        Id of the rehearsal that is going on there.
    switched:
        Seconds from the beginning to its answer that it has switched.
    problem:
        Why it does not count as switched.
    differs:
        Where the rules in its kernel are not those that this control node renders for its mode, whatever it has staged.
    """

    name: str
    roles: list[str]
    mode: str = ""
    since: str = ""
    live: bool = False
    staged: bool = False
    services: bool = False
    rehearsal: str = ""
    ends: str = ""
    switched: float | None = None
    problem: str = "not asked yet"
    differs: list[str] = field(default_factory=list)

    def take(self, said: dict[str, Any]) -> None:
        """Take over what `conclave-mode status --json` said."""
        pending = said.get("pending") or {}
        self.mode, self.since = str(said.get("mode", "")), str(said.get("since", ""))
        self.live, self.staged, self.services = (said.get(key) is True for key in ("live", "staged", "services"))
        self.rehearsal, self.ends = str(pending.get("id", "")), str(pending.get("deadline", ""))
        self.problem = self._problem(str(said.get("damaged", "")))

    def _problem(self, damaged: str) -> str:
        if damaged:
            return f"{damaged} is damaged"
        if not self.mode:
            return "conclave-mode gave no answer"
        if not self.live:
            return "the live rules are not the staged ones"
        if not self.services:
            return "a service does not have the file of this mode"
        return ""

    def agrees(self, mode: str, rehearsal: str = "") -> bool:
        """Say whether the host is in a mode as it should be; a rehearsal counts only where it was asked for."""
        return not self.problem and self.mode == mode and self.rehearsal == rehearsal


@dataclass
class Report:
    """One run over the whole site.

    Parameters
    ----------
    wanted:
        The mode all hosts should be in; empty when nobody asked for one.
    rehearsal:
        The id that all hosts should name, when this is a rehearsal.
    seconds:
        When each step was done, from the beginning.
    portal:
        What became of telling the people in the rooms.
    """

    site: str
    wanted: str
    reason: str
    actor: str
    hosts: list[HostReport]
    rehearsal: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    portal: str = ""

    @property
    def mode(self) -> str:
        """The mode that every host is in, verified; ``mixed`` when they disagree or one of them is missing."""
        first = self.wanted or self.hosts[0].mode
        rehearsal = self.rehearsal if self.wanted else self.hosts[0].rehearsal
        return first if all(host.agrees(first, rehearsal) for host in self.hosts) else "mixed"

    @property
    def done(self) -> bool:
        """Whether all is as it was asked for; never while a host disagrees or is missing."""
        return self.mode not in {"", "mixed", "unknown", "sealed"}

    @property
    def sound(self) -> bool:
        """Whether all is as it was asked for, by the control node's own rules."""
        return self.done and not any(host.differs for host in self.hosts)

    def lacking(self) -> list[str]:
        """Return a line for every host that is not as it was asked for."""
        wanted = self.wanted or self.hosts[0].mode
        rehearsal = self.rehearsal if self.wanted else self.hosts[0].rehearsal
        missing = [
            f"{host.name}: {host.problem or _difference(host, wanted)}"
            for host in self.hosts
            if not host.agrees(wanted, rehearsal)
        ]
        changed = "the live rules are not those that this control node renders"
        return missing + [
            f"{host.name}: {changed}: {'; '.join(host.differs[:SHOWN])}" for host in self.hosts if host.differs
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {"done": self.done, "sound": self.sound, "mode": self.mode, **asdict(self), "lacking": self.lacking()}


def _difference(host: HostReport, wanted: str) -> str:
    if host.mode != wanted:
        return f"it is {host.mode}, not {wanted}"
    return "a rehearsal is going on there" if host.rehearsal else "it is so for real, not as a rehearsal"
