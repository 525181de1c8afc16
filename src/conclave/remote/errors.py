"""Why a host could not be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from conclave.remote.known_hosts import HostKey
    from conclave.remote.login import Login


class RemoteError(ConclaveError):
    """A host that could not be asked.

    Parameters
    ----------
    login:
        The way in that was tried.
    why:
        What was found, without the host's name.
    """

    code = ExitCode.UNREACHABLE

    def __init__(self, login: Login, why: str, *, expected: str = "", todo: str = "") -> None:
        super().__init__(f"{login.name}: {why}", expected=expected, todo=todo, exit_code=self.code)
        self.login = login
        self.why = why


class UnreachableError(RemoteError):
    """Nothing answers at the host's address, or what answers is no ssh server."""

    def __init__(self, login: Login, why: str) -> None:
        super().__init__(
            login,
            why,
            expected=f"an ssh server at {login.address} port {login.port}",
            todo="start the host, or let ssh through from the control node",
        )


class UnknownKeyError(RemoteError):
    """A host whose key nobody has accepted yet."""

    code = ExitCode.HOST_KEY

    def __init__(self, login: Login, key: HostKey) -> None:
        super().__init__(
            login,
            f"its key is not known: {key.kind} {key.fingerprint}",
            expected="a key that somebody compared with the host's own",
            todo="conclave site trust",
        )
        self.key = key


class WrongKeyError(RemoteError):
    """A host that shows another key than the accepted one, or one that is marked as revoked."""

    code = ExitCode.HOST_KEY

    def __init__(self, login: Login, key: HostKey, accepted: HostKey | None, name: str) -> None:
        why = "another key than the accepted one" if accepted else "a key that is marked as revoked"
        super().__init__(
            login,
            f"it shows {why}: {key.fingerprint}",
            expected=accepted.fingerprint if accepted else "a key in use",
            todo=f"find out why before anything else; if the host was installed anew: ssh-keygen -R '{name}'",
        )
        self.key = key
        self.accepted = accepted


class RefusedError(RemoteError):
    """A host that knows nobody here, or an account that cannot run commands."""

    def __init__(self, login: Login, why: str) -> None:
        super().__init__(
            login,
            why,
            expected="sign-in with a key of this control node",
            todo=f"ssh-copy-id -p {login.port} {login.user}@{login.address}",
        )


class BecomeError(RemoteError):
    """An account that may not become root without a password."""

    def __init__(self, login: Login, why: str) -> None:
        super().__init__(
            login,
            f"{login.user} may not become root: {why}",
            expected="an account that may use sudo without a password",
            todo=f"on the host, allow it in /etc/sudoers.d/{login.user}",
        )


class LostError(RemoteError):
    """A connection that ended in the middle."""

    def __init__(self, login: Login, why: str) -> None:
        super().__init__(login, why, expected="a connection that lasts", todo="try again; look at the host's console")


class DeadlineError(RemoteError, TimeoutError):
    """A host that is connected and does not answer in time."""

    def __init__(self, login: Login, seconds: float) -> None:
        super().__init__(
            login,
            f"no answer within {round(seconds, 1):g} s",
            expected="a host that answers",
            todo="look at its load and its disk",
        )
