"""The host itself: what a switch sees of it, and how each effect comes about."""

from __future__ import annotations

import os
import time

from conclave_host import files, spawn
from conclave_host.mode import report
from conclave_host.mode import state as states
from conclave_host.mode.state import FOLDER as STATE_FOLDER
from conclave_host.mode.state import ISOLATED, OPEN, Rehearsal, State
from conclave_host.plan import EffectError
from conclave_host.staged import Staged, below
from conclave_host.terminal import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from conclave_host.mode.transitions import Facts

RULES, STAGED = "/etc/conclave/firewall/conclave.nft", "/etc/conclave/mode"
CUT, SEALED = f"{STAGED}/cut.nft", f"{STAGED}/sealed.nft"
BEGUN = f"{STAGED}/begun"
MODE_FILE, PENDING_FILE = f"{STATE_FOLDER}/mode", f"{STATE_FOLDER}/pending"
RUN = "/run/conclave"
LOADED_MARK, SEALED_MARK, PUBLISHED = (f"{RUN}/{name}" for name in ("loaded", "sealed", "mode.json"))
NO_CUT = b"table inet conclave_cut\ndelete table inet conclave_cut\n"
# For a host whose sealed rules are damaged too: nobody can say who may come in, so nobody may.
SHUT = b"""table inet conclave_cut
delete table inet conclave_cut
table inet conclave_cut {
  chain pre { type filter hook prerouting priority -310; policy drop; iif "lo" accept; }
  chain own { type filter hook output priority 310; policy drop; oif "lo" accept; }
  chain post { type filter hook postrouting priority 310; policy drop; oif "lo" accept; }
}
"""
# Programs of services that tell their people of a switch: the portal's removes participants who joined from outside.
TELLERS = "/usr/lib/conclave"
PROGRAM = "/usr/sbin/conclave-mode"


class Machine:
    """The host that the program runs on.

    Parameters
    ----------
    actor, reason:
        Who asks, and why: for the log.
    json:
        Whether the answer is JSON.
    """

    def __init__(self, actor: str, reason: str, *, json: bool = False) -> None:
        self.staged = Staged()
        self._actor, self._reason = actor, reason
        self._json = json

    # What is seen.

    def state(self) -> State:
        """Return what the host remembers of its mode."""
        return states.read(files.read(MODE_FILE), files.read(PENDING_FILE))

    def needed(self, mode: str) -> list[str]:
        """Return the staged files that a mode needs."""
        return [RULES, CUT, *below(f"{STAGED}/{mode}")]

    def sealed(self) -> bool:
        """Say whether the sealed rules are loaded."""
        return os.path.exists(SEALED_MARK)

    def facts(self, *, opens: bool = False, isolates: bool = False, timer_of: Rehearsal | None = None) -> Facts:
        """Return what is seen; staged files are looked at for the modes that may come of it."""
        from conclave_host.mode.transitions import Facts

        return Facts(
            now=int(time.time()),
            damaged_open=self.staged.damaged(self.needed(OPEN)) if opens else "",
            damaged_isolated=self.staged.damaged(self.needed(ISOLATED)) if isolates else "",
            sealed=self.sealed(),
            loaded=os.path.exists(LOADED_MARK),
            timer=timer_of is not None and spawn.run(["systemctl", "--quiet", "is-active", *_timers(timer_of)]) == 0,
            begun=os.path.exists(BEGUN),
            has_state=os.path.exists(MODE_FILE),
        )

    # What is done.

    def do(self, effect: object) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        """Bring an effect about.

        Raises
        ------
        EffectError, OSError
            When it did not come about.
        """
        from conclave_host.mode import effects

        match effect:
            case effects.Load(mode, whole):
                self._load(mode, whole=whole)
            case effects.Seal():
                self._seal()
            case effects.MarkLoaded():
                files.put(LOADED_MARK, b"", durable=False)
            case effects.MarkSealed():
                files.put(SEALED_MARK, b"", durable=False)
            case effects.UnmarkSealed():
                files.drop(SEALED_MARK, durable=False)
            case effects.WriteState(state):
                files.put(MODE_FILE, states.mode_file(state))
            case effects.ForgetState():
                files.drop(MODE_FILE)
            case effects.WriteRehearsal(rehearsal):
                files.put(PENDING_FILE, states.pending_file(rehearsal))
            case effects.ForgetRehearsal():
                files.drop(PENDING_FILE)
            case effects.Arm(rehearsal, seconds, actor):
                _arm(rehearsal, seconds, actor)
            case effects.Disarm(rehearsal):
                spawn.run(["systemctl", "--quiet", "--no-block", "stop", *_timers(rehearsal)], quiet=True)
            case effects.Publish(word, state):
                files.put(PUBLISHED, report.published(word, state).encode(errors="replace"), durable=False)
            case effects.PlaceServices(mode):
                self._reload(self.place_services(mode))
            case effects.MarkBegun():
                os.makedirs(STAGED, exist_ok=True)
                files.put(BEGUN, b"")
            case effects.Log(priority, text):
                self.log(priority, text)
            case effects.Answer(word, state):
                tell(1, (report.published if self._json else report.sentence)(word, state))
            case effects.Tell(state):
                self._tell(state)
            case _:
                raise TypeError(f"{effect} is no effect")

    def _load(self, mode: str, *, whole: bool) -> None:
        cut = NO_CUT if mode == OPEN else self.staged.content(CUT)
        _nft((self.staged.content(RULES) if whole else b"") + cut)

    def _seal(self) -> None:
        try:
            _nft(SHUT if self.staged.damaged([SEALED]) else self.staged.content(SEALED))
        except EffectError:
            _nft(SHUT)

    def _reload(self, units: list[str]) -> None:
        reload = ["systemctl", "--quiet", "--no-block", "try-reload-or-restart"]
        if units and spawn.run([*reload, *units], quiet=True):
            # The rules stand; a service that still asks outside is refused by them.
            say(f"not reloaded: {' '.join(units)}")
            self.log("err", f"not reloaded: {' '.join(units)}")

    def place_services(self, mode: str) -> list[str]:
        """Put the files of a mode where services read them; return the units that have new ones.

        Raises
        ------
        OSError
            When one cannot be put there.
        """
        units = set()
        for path in below(f"{STAGED}/{mode}"):
            unit, target = service_file(mode, path)
            content = self.staged.content(path)
            if files.read(target) == content:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            files.put(target, content, os.stat(path).st_mode & 0o7777, durable=False)
            units.add(unit)
        return sorted(units)

    def _tell(self, state: State) -> None:
        words = [state.mode, "--actor", self._actor, "--reason", self._reason]
        if state.rehearsal:
            words += ["--until", report.utc(state.rehearsal.deadline)]
        for service in sorted(os.listdir(TELLERS)) if os.path.isdir(TELLERS) else ():
            program = f"{TELLERS}/{service}/mode"
            if os.path.isfile(program) and os.access(program, os.X_OK):
                spawn.run(["systemd-run", "--quiet", "--no-block", "--collect", "--", program, *words])

    def log(self, priority: str, text: str) -> None:
        """Write to the log; nobody waits for it, for a log that hangs must not hold up a switch."""
        text = f"{text} (by {self._actor}: {self._reason or 'no reason given'})"
        logger = ["logger", "--tag", "conclave-mode", "--priority", f"auth.{priority}", "--socket-errors=off", "--"]
        spawn.leave([*logger, text])


def service_file(mode: str, path: str) -> tuple[str, str]:
    """Return the unit that a staged file belongs to and where it reads that file."""
    unit, _, place = path.removeprefix(f"{STAGED}/{mode}/").partition("/")
    return unit, f"/{place}"


def say(text: str) -> None:
    """Say something on standard error."""
    tell(2, f"conclave-mode: {text}\n")


def _nft(rules: bytes) -> None:
    if spawn.run(["nft", "-f", "-"], rules):
        raise EffectError("nft refused the rules")


def _arm(rehearsal: Rehearsal, seconds: int, actor: str) -> None:
    timer = ["systemd-run", "--quiet", "--no-block", "--collect", f"--unit={_unit(rehearsal)}"]
    timer += [f"--on-active={seconds}", "--timer-property=AccuracySec=50ms"]
    # A file that is damaged, a disk that is full, a program that was killed: it is tried again until it has been done.
    timer += ["--property=Restart=on-failure", "--property=RestartSec=15"]
    words = [PROGRAM, "revert", rehearsal.id, "--actor", actor, "--reason", "end of the rehearsal"]
    if spawn.run([*timer, *words]):
        raise EffectError("no timer can be set")


def _unit(rehearsal: Rehearsal) -> str:
    return f"conclave-revert-{rehearsal.id}-{rehearsal.deadline}"


def _timers(rehearsal: Rehearsal) -> list[str]:
    # The second is what the release before called it.
    return [f"{_unit(rehearsal)}.timer", f"conclave-revert-{rehearsal.id}.timer"]
