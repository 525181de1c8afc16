"""What the switch can do to a host, each as a value: a plan is made of them, and `machine` brings them about."""

from __future__ import annotations

from conclave_host.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from conclave_host.mode.state import Rehearsal, State


class Load(Value):
    """Load the rules of a mode in one transaction; ``whole``: the table below the cut as well."""

    mode: str
    whole: bool


class Seal(Value):
    """Load the rules of a host with a damaged file."""


class MarkLoaded(Value):
    """Remember, until the next start, that the table below the cut is there."""


class MarkSealed(Value):
    """Remember, until the next start, that the sealed rules are loaded."""


class UnmarkSealed(Value):
    """Forget `MarkSealed`."""


class WriteState(Value):
    """Keep the mode, on the disk when it is done."""

    state: State


class ForgetState(Value):
    """Remove what is kept of the mode: nothing is as good as isolated."""


class WriteRehearsal(Value):
    """Keep a rehearsal, on the disk when it is done."""

    rehearsal: Rehearsal


class ForgetRehearsal(Value):
    """Remove what is kept of a rehearsal."""


class Arm(Value):
    """Set the timer that ends a rehearsal after so many seconds."""

    rehearsal: Rehearsal
    seconds: int
    actor: str


class Disarm(Value):
    """Stop the timer of a rehearsal; none there is as good."""

    rehearsal: Rehearsal


class Publish(Value):
    """Tell whoever asks on this host which mode it is in; ``word`` may be ``sealed``."""

    word: str
    state: State


class PlaceServices(Value):
    """Put the files of a mode in place and reload the services that have new ones."""

    mode: str


class MarkBegun(Value):
    """Remember for good that this host once got its first state."""


class Log(Value):
    """Write to the log, with a priority of syslog."""

    priority: str
    text: str


class Answer(Value):
    """Say to whoever asked what was published."""

    word: str
    state: State


class Tell(Value):
    """Let the programs of services tell their people."""

    state: State
