"""The command `conclave-mode`: it needs no control node, no name and no other host, so it also works from a console."""

from __future__ import annotations

import os

from conclave_host.mode.machine import RUN, Machine, say
from conclave_host.mode.state import FOLDER as STATE_FOLDER
from conclave_host.plan import carry_out, refused
from conclave_host.terminal import prepare, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conclave_host.mode.transitions import Order
    from conclave_host.plan import Plan

USAGE = """The mode of this host: open, or isolated from everything that is not the site.

  conclave-mode status [--json]      what is and what should be; compares the live rules with the staged ones
  conclave-mode isolated             cut this host off; --revert-after SECONDS makes it a rehearsal, --id names that
  conclave-mode open                 go back
  conclave-mode confirm ID           a rehearsal becomes the real thing
  conclave-mode revert ID            end a rehearsal; does nothing when another switch came after it
  conclave-mode apply                load what the state says; the firewall's unit does it before there is a network
  conclave-mode services             put the mode's files of services in place; their units do it before they start
  conclave-mode check                are the staged files whole?
  conclave-mode begin                give a host that never had a mode its first one: open
Each takes --actor NAME and --reason TEXT, which are kept and logged, and --json. --told: the services know already.

Exit status: 0 done, 1 failed, 2 usage, 3 a staged file is damaged (the host is sealed or was not switched), 4 busy.
"""
# Whoever asks for a switch is told soon that another one is going on; what nobody asks for again waits.
LOCK_SECONDS = {"isolated": 5, "open": 5, "confirm": 5, "revert": 3600, "apply": 60, "begin": 60}
MOST_SECONDS = 999_999
MOST_LETTERS = 80
USAGE_ERROR, BUSY = 2, 4


class _UsageError(Exception):
    pass


class Call:
    """The command line, understood."""

    def __init__(self, words: Sequence[str]) -> None:
        left = list(words)
        self.verb = _next(left)
        if self.verb not in _VERBS:
            raise _UsageError
        self.json = self.told = False
        values = {"--actor": "", "--reason": "", "--id": "", "--revert-after": ""}
        named = [_next(left)] if self.verb in {"confirm", "revert"} else []
        while left:
            word = left.pop(0)
            if word == "--json":
                self.json = True
            elif word == "--told":
                self.told = True
            elif word in values:
                values[word] = _next(left)
            else:
                raise _UsageError
        _expect_name(values["--id"], *named)
        first = self.verb == "begin"
        self.actor = "deploy" if first else _printable(values["--actor"]) or _user()
        self.reason = "first deployment" if first else _printable(values["--reason"])
        self.id = named[0] if named else values["--id"]
        self.seconds = _seconds(values["--revert-after"])

    def order(self) -> Order:
        """Return who asks for what; a rehearsal without a name gets one."""
        from conclave_host.mode.transitions import Order

        name = self.id or (os.urandom(16).hex() if self.seconds else "")
        return Order(self.actor, self.reason, self.seconds if self.verb == "isolated" else 0, name, self.told)


def _next(words: list[str]) -> str:
    if not words:
        raise _UsageError
    return words.pop(0)


def _expect_name(*names: str) -> None:
    for name in names:
        if len(name) > MOST_LETTERS or not all(sign.isascii() and (sign.isalnum() or sign == "-") for sign in name):
            raise _UsageError


def _seconds(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or text.startswith("0") or int(text) > MOST_SECONDS:
        raise _UsageError
    return int(text)


def _printable(text: str) -> str:
    # What is kept has one line, and goes into a log.
    return "".join(" " if ord(sign) < ord(" ") or sign == "\x7f" else sign for sign in text)


def _user() -> str:
    import pwd

    if name := os.environ.get("SUDO_USER"):
        return _printable(name)
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    prepare()
    os.umask(0o022)
    try:
        call = Call([os.fsencode(word).decode(errors="replace") for word in words])
    except _UsageError:
        tell(2, USAGE)
        return USAGE_ERROR
    return _VERBS[call.verb](call, Machine(call.actor, call.reason, json=call.json))


def _switch(call: Call, machine: Machine) -> int:
    os.makedirs(RUN, exist_ok=True)
    os.makedirs(STATE_FOLDER, exist_ok=True)
    from conclave_host.lock import lock

    if not lock(f"{RUN}/mode.lock", LOCK_SECONDS[call.verb]):
        return _end(machine, refused(BUSY, "another switch is going on"))
    return _end(machine, _PLANS[call.verb](call.order(), machine))


def _end(machine: Machine, plan: Plan) -> int:
    ending = carry_out(plan.steps, plan.ending, machine.do)
    if ending.text:
        say(ending.text)
        if ending.status:
            machine.log("err", ending.text)
    return ending.status


def _isolate(order: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    return transitions.isolate(machine.state(), order, machine.facts(isolates=True))


def _open(order: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    return transitions.open_(machine.state(), order, machine.facts(opens=True))


def _confirm(order: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    return transitions.confirm(machine.state(), order, machine.facts(isolates=True))


def _revert(order: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    return transitions.revert(machine.state(), order, machine.facts(opens=True))


def _apply(_: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    state = machine.state()
    return transitions.apply(state, machine.facts(opens=True, isolates=True, timer_of=state.rehearsal))


def _begin(order: Order, machine: Machine) -> Plan:
    from conclave_host.mode import transitions

    return transitions.begin(order, machine.facts())


def _status(call: Call, machine: Machine) -> int:
    from conclave_host.mode import look

    status, text = look.status(machine, as_json=call.json)
    tell(1, text)
    return status


def _check(call: Call, machine: Machine) -> int:
    from conclave_host.mode import look

    status, text = look.check(machine, as_json=call.json)
    tell(1, text)
    return status


def _services(_: Call, machine: Machine) -> int:
    try:
        machine.place_services(machine.state().effective)
    except OSError as error:
        say(f"{error.filename} cannot be put in place: {error.strerror}")
        return 1
    return 0


_PLANS: dict[str, Callable[[Order, Machine], Plan]] = {
    "isolated": _isolate,
    "open": _open,
    "confirm": _confirm,
    "revert": _revert,
    "apply": _apply,
    "begin": _begin,
}
_VERBS: dict[str, Callable[[Call, Machine], int]] = {
    **dict.fromkeys(_PLANS, _switch),
    "status": _status,
    "check": _check,
    "services": _services,
}
