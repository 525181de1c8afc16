"""Opens the encrypted connection to a host, knows the host by its key, and signs in.

paramiko speaks the protocol: it takes a third of the time of one ssh process a host. What it would decide by itself
(whose key is right, which key to sign in with, which way to take) is decided here, as ssh's own configuration says.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import subprocess
import tempfile
import threading
from functools import lru_cache
from typing import IO, TYPE_CHECKING

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_FAILURE, MSG_CHANNEL_WINDOW_ADJUST
from paramiko.pkey import PublicBlob, UnknownKeyType

from conclave.remote.errors import RefusedError, UnknownKeyError, UnreachableError, WrongKeyError
from conclave.remote.known_hosts import HostKey
from conclave.remote.options import Options, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conclave.remote.login import Login

CONNECT_SECONDS = 6.0
_END_SECONDS = 2.0
# What is said on a channel, its close excepted (RFC 4254, section 9).
_ON_A_CHANNEL = {*range(MSG_CHANNEL_WINDOW_ADJUST, MSG_CHANNEL_FAILURE + 1)} - {MSG_CHANNEL_CLOSE}
# One type of key signs with several hashes.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

# What it logs reaches us as exceptions; without a handler Python would print it.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@contextlib.contextmanager
def within(seconds: float, stop: Callable[[], object]) -> Iterator[threading.Event]:
    """Stop after some seconds what goes on inside, whatever it waits for; the event says that it came to that."""
    late = threading.Event()

    def end() -> None:
        late.set()
        stop()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


class _Transport(paramiko.Transport):
    """paramiko's own, which says nothing more on a channel that it has closed.

    paramiko prepares a message under the channel's lock and sends it without. When the host ends the command in
    between, the close goes first, and OpenSSH hangs up on whoever speaks on a closed channel: every command of the
    connection is lost. Known to paramiko as issues 1115 and 1705, both open.
    """

    def _send_message(self, data: paramiko.Message) -> None:
        kind, number = struct.unpack_from(">BI", data.asbytes().ljust(5, b"\0"))
        if kind not in _ON_A_CHANNEL or number in self._open():
            super()._send_message(data)  # type: ignore[misc]

    def _open(self) -> set[int]:
        channels: list[paramiko.Channel] = self._channels.values()  # type: ignore[attr-defined]
        return {one.remote_chanid for one in channels if one.active and not one.closed}


class Line:
    """A socket to a host, or to the program that leads there, and the protocol on it."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._program: subprocess.Popen[bytes] | None = None
        self._transport: paramiko.Transport | None = None

    @property
    def transport(self) -> paramiko.Transport:
        """The protocol."""
        if self._transport is None:
            raise EOFError("the connection is closed")
        return self._transport

    def open(self, found: Options, seconds: float, noise: IO[bytes]) -> None:
        """Connect, and exchange keys."""
        if found.program:
            self._socket, theirs = socket.socketpair()
            with theirs:
                command = ["sh", "-c", f"exec {found.program}"]
                self._program = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=noise)
        else:
            self._socket = socket.create_connection((found.host, found.port), timeout=seconds)
            # Small packets must not wait for each other.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = _Transport(self._socket)
        known = {kind for key in found.accepted().accepted for kind in _ALGORITHMS.get(key.kind, (key.kind,))}
        security = self._transport.get_security_options()
        able = [kind for kind in found.key_types if kind in security.key_types]
        # As ssh does: a host that has several keys is asked for the one that is known.
        security.key_types = sorted(able, key=lambda kind: kind not in known)
        self._transport.start_client()

    def key(self) -> HostKey:
        """Return the key that the host has shown."""
        key = self.transport.get_remote_server_key()
        return HostKey(key.get_name(), key.asbytes())

    def close(self) -> None:
        """End it."""
        if self._socket:
            # Wakes the thread that reads, which would notice a tenth of a second later by itself.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._transport:
            self._transport.close()
        if self._socket:
            self._socket.close()
        if self._program:
            self._program.terminate()
            try:
                self._program.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._program.kill()
                self._program.wait()


def signed_in(login: Login, seconds: float = CONNECT_SECONDS) -> Line:
    """Return a connection on which we have signed in.

    Parameters
    ----------
    login:
        Where, as whom.
    seconds:
        How long all of it may take.

    Raises
    ------
    RemoteError
        Of the kind that tells why there is none.
    """
    found = options(login)

    def sign_in(line: Line) -> Line:
        judge(login, found, line.key())
        _sign_in(login, found, line.transport)
        return line

    return _opened(login, found, seconds, sign_in)


def shown(login: Login, seconds: float = CONNECT_SECONDS) -> HostKey:
    """Return the key that a host shows, without signing in.

    Raises
    ------
    UnreachableError
        When it shows none.
    """

    def look(line: Line) -> HostKey:
        key = line.key()
        line.close()
        return key

    return _opened(login, options(login), seconds, look)


def judge(login: Login, found: Options, key: HostKey) -> None:
    """Refuse a key that is not the accepted one.

    Raises
    ------
    UnknownKeyError
        When nobody has accepted one yet.
    WrongKeyError
        When it is another one.
    """
    verdict = found.judge(key)
    if verdict == "unknown":
        raise UnknownKeyError(login, key)
    if verdict != "accepted":
        accepted = found.accepted().accepted
        same = [one for one in accepted if one.kind == key.kind] or accepted
        raise WrongKeyError(login, key, same[0] if verdict == "changed" else None, found.key_name)


def _opened[T](login: Login, found: Options, seconds: float, then: Callable[[Line], T]) -> T:
    line = Line()
    with tempfile.TemporaryFile() as noise, within(seconds, line.close) as late:
        try:
            line.open(found, seconds, noise)
            return then(line)
        except BaseException as error:
            line.close()
            if late.is_set():
                raise UnreachableError(login, f"no answer within {seconds:g} s") from error
            if isinstance(error, paramiko.SSHException | OSError | EOFError):
                noise.seek(0)
                # What the program on the way said says more; ssh says it in two lines.
                said = "; ".join(noise.read().decode(errors="replace").strip().splitlines()[-2:])
                why = said or str(error) or type(error).__name__
                raise UnreachableError(login, why) from error
            raise


def offered(login: Login) -> list[bytes]:
    """Return the public halves of the keys that this control node offers a host, as authorized_keys has them."""
    return [key.asbytes() for key in _keys(options(login), [])]


def _sign_in(login: Login, found: Options, transport: paramiko.Transport) -> None:
    """Offer keys in the order of ssh: those of its files that the agent holds, the agent's others, the other files."""
    problems: list[str] = []
    for key in _keys(found, problems):
        try:
            more = transport.auth_publickey(found.user, key)
        except paramiko.AuthenticationException:
            continue
        except paramiko.SSHException as error:
            # A server that has seen enough keys hangs up.
            problems.append(str(error))
            break
        if not more:
            return
        problems.append(f"it also asks for {', '.join(more)}")
        break
    why = "; ".join(problems)
    raise RefusedError(login, f"{found.user}@{login.address} refuses every key" + (f" ({why})" if why else ""))


def _keys(found: Options, problems: list[str]) -> Iterator[paramiko.PKey]:
    held: dict[bytes, paramiko.PKey] = {}
    with contextlib.suppress(paramiko.SSHException, OSError):
        held = {key.asbytes(): key for key in paramiko.Agent().get_keys()}
    left = []
    for file in found.identities:
        public = _public(file)
        if public in held:
            yield held.pop(public)
        elif file.is_file():
            left.append(file)
    if not found.only_identities:
        yield from held.values()
    for file in left:
        try:
            yield _private(file, file.stat().st_mtime_ns)
        except TypeError:
            problems.append(f"{file} has a passphrase, ssh-add loads it")
        except (OSError, ValueError, UnknownKeyType, paramiko.SSHException) as error:
            problems.append(f"{file} cannot be used: {error}")


def _public(file: Path) -> bytes:
    """Return the public half of a key, which lies beside it; empty where it does not."""
    try:
        return bytes(PublicBlob.from_file(f"{file}.pub").key_blob)
    except (OSError, ValueError):
        return b""


# Sixteen connections at once would otherwise read the same key sixteen times.
@lru_cache
def _private(file: Path, changed: int) -> paramiko.PKey:  # noqa: ARG001 - a changed file is another one
    return paramiko.PKey.from_path(file)
