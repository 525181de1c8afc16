"""The host itself: what the guard sees of it, and how each effect comes about."""

from __future__ import annotations

import os

from conclave_host import files, kernel, spawn
from conclave_host.guard import transitions as effects
from conclave_host.guard.transitions import TICKS, Probation, State
from conclave_host.plan import EffectError

RULES = "/etc/conclave/firewall/conclave.nft"
STATE_FOLDER = "/var/lib/conclave/firewall"
CONFIRMED, PROBATION, REFUSED = (f"{STATE_FOLDER}/{name}" for name in ("confirmed.nft", "probation", "refused.nft"))
# The one is gone after a start of the host, the other is part of its configuration.
FIRST, BEGUN = "/run/conclave/first-rules", "/etc/conclave/firewall/begun"
SETTINGS = "/etc/conclave/host/firewall-guard.json"
SECONDS = 30
PROGRAM, MODE = "/usr/lib/conclave/firewall-guard", "/usr/sbin/conclave-mode"
TABLE = "inet conclave"
NO_TABLE = b"table inet conclave\ndelete table inet conclave\n"
LETTERS = 16
# As the rules are: what they let in is for nobody else to read.
MODE_OF_RULES = 0o640


class Machine:
    """The host that the program runs on; rules are read once, so that what is confirmed is what was looked at."""

    def __init__(self) -> None:
        self._rules, self._confirmed = files.read(RULES), files.read(CONFIRMED)
        self.seconds = _seconds()

    def state(self) -> State:
        """Return what the guard sees."""
        waiting = probation(files.read(PROBATION))
        first, begun = (files.read(path) is not None for path in (FIRST, BEGUN))
        return State(_hash(self._rules), _hash(self._confirmed), waiting, first, begun)

    def live(self) -> bool:
        """Say whether the kernel has the rules in place."""
        return kernel.enforces(self._rules or b"", (TABLE,))

    def do(self, effect: object) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        """Bring an effect about.

        Raises
        ------
        EffectError, OSError
            When it did not come about.
        """
        match effect:
            case effects.WriteProbation(waiting):
                files.put(PROBATION, f"{waiting.rules} {waiting.ticks}\n".encode(), MODE_OF_RULES)
            case effects.ForgetProbation():
                files.drop(PROBATION)
            case effects.Arm(waiting):
                self._arm(waiting)
            case effects.Disarm(waiting):
                spawn.run(["systemctl", "--quiet", "--no-block", "stop", *_timers(waiting)], quiet=True)
            case effects.SaveConfirmed():
                files.put(CONFIRMED, self._rules or b"", MODE_OF_RULES)
            case effects.RestoreConfirmed():
                files.put(RULES, self._confirmed or b"", MODE_OF_RULES)
            case effects.RemoveRules():
                files.drop(RULES)
            case effects.Reload():
                self._reload()
            case effects.DropTable():
                _expect(spawn.run(["nft", "-f", "-"], NO_TABLE))
            case effects.PutAside():
                files.put(REFUSED, self._rules or b"", MODE_OF_RULES)
                files.drop(RULES)
            case effects.MarkFirst():
                files.put(FIRST, b"", MODE_OF_RULES)
            case effects.MarkBegun():
                os.makedirs(os.path.dirname(BEGUN), exist_ok=True)
                files.put(BEGUN, b"", MODE_OF_RULES)
            case effects.ForgetFirst():
                files.drop(FIRST)
            case effects.DisableUnit():
                spawn.run(["systemctl", "--quiet", "disable", "conclave-firewall.service"])
            case effects.Log(priority, text):
                words = ["--tag", "firewall-guard", "--priority", f"auth.{priority}", "--socket-errors=off"]
                spawn.leave(["logger", *words, "--", text])
            case _:
                raise TypeError(f"{effect} is no effect")

    def _arm(self, waiting: Probation) -> None:
        timer = ["systemd-run", "--quiet", "--no-block", "--collect", f"--unit={_unit(waiting)}"]
        timer += [f"--on-active={self.seconds}", "--timer-property=AccuracySec=100ms"]
        # The host may just be starting; and what fails, another switch being under way, is tried again.
        timer += ["--timer-property=DefaultDependencies=no", "--property=DefaultDependencies=no"]
        timer += ["--property=Restart=on-failure", "--property=RestartSec=5"]
        _expect(spawn.run([*timer, PROGRAM, "revert", waiting.rules]))

    def _reload(self) -> None:
        why = f"nobody signed in over a new connection in {self.seconds} s"
        # A host that seals itself has rules, and lets in ssh from the management zone.
        _expect(spawn.run([MODE, "apply", "--actor", "firewall-guard", "--reason", why]), 0, 3)


def probation(content: bytes | None) -> Probation | None:
    """Return what the file of a probation says; one that nobody can read says nothing."""
    words = (content or b"").decode(errors="replace").split()
    return Probation(words[0], int(words[1])) if len(words) == 2 and words[1].isdecimal() else None  # noqa: PLR2004


def ticks() -> int:
    """Return the time since the kernel's start."""
    whole, _, part = (files.read("/proc/uptime") or b"0.00").split()[0].decode().partition(".")
    return int(whole) * TICKS + int(part[:2].ljust(2, "0"))


def connection() -> int | None:
    """Return when the process began that holds the ssh connection this command came by; None on a console."""
    pid = os.getppid()
    while pid > 1:
        # The name may hold blanks and brackets; see proc_pid_stat(5).
        before, _, after = (files.read(f"/proc/{pid}/stat") or b"0 () 0 0").decode(errors="replace").rpartition(") ")
        fields = after.split()
        if before.partition(" (")[2].startswith("sshd"):
            return int(fields[19])
        pid = int(fields[1])
    return None


def _seconds() -> int:
    from conclave_host.settings import Settings, SettingsError

    try:
        return Settings.load(SETTINGS).number("probation_seconds")
    except SettingsError:
        # The package is there before the role places the file: rules must not stay for want of a number.
        return SECONDS


def _hash(content: bytes | None) -> str:
    import hashlib

    return "" if content is None else hashlib.sha256(content).hexdigest()[:LETTERS]


def _unit(waiting: Probation) -> str:
    return f"conclave-firewall-guard-{waiting.rules}-{waiting.ticks}"


def _timers(waiting: Probation) -> list[str]:
    # The second is what the release before called it.
    return [f"{_unit(waiting)}.timer", f"conclave-firewall-guard-{waiting.rules}.timer"]


def _expect(status: int, *good: int) -> None:
    if status not in (good or (0,)):
        raise EffectError(f"exit status {status}")
