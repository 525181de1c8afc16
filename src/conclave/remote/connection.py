"""A connection to a host, and the commands on it."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import threading
import time
from typing import TYPE_CHECKING, Self

import paramiko

from conclave.remote.answer import Answer
from conclave.remote.errors import BecomeError, DeadlineError, LostError, RefusedError, RemoteError
from conclave.remote.transport import CONNECT_SECONDS, Line, signed_in, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from conclave.remote.login import Login

COMMAND_SECONDS = 30.0
LEADER = ("sudo", "-n")
_PIECE = 1 << 16
# What a login shell prints comes before this on both streams. A shell that shows what it runs stops doing so first, and
# shows the mark in two words.
_MARK = "conclave-"
_BEGIN = "set +x; printf '%s%s\\n' {mark} {token}; printf '%s%s\\n' {mark} {token} >&2"


class Connection:
    """An open way into a host. Several threads may run commands on it at once.

    Parameters
    ----------
    login:
        Where, as whom.
    seconds:
        How long connecting and signing in may take together.

    Raises
    ------
    RemoteError
        When there is no way in; its class and its `why` tell the reason.
    """

    def __init__(self, login: Login, seconds: float = CONNECT_SECONDS) -> None:
        self.login = login
        self._line: Line = signed_in(login, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the host still holds the connection, as far as is known here."""
        return self._line.transport.is_active()

    def run(
        self, *command: str, stdin: str = "", seconds: float = COMMAND_SECONDS, become: bool | None = None
    ) -> Answer:
        """Run a command and wait for its end.

        Parameters
        ----------
        command:
            The program and its arguments; no shell reads them.
        stdin:
            What it reads. A secret belongs here, where no process list shows it.
        seconds:
            How long it may take.
        become:
            Whether root runs it; by default as the login says.

        Raises
        ------
        BecomeError
            When the account may not become root.
        DeadlineError
            When it takes longer.
        LostError
            When the connection ends before the command does.
        """
        end = time.monotonic() + seconds
        stream = Stream(self, command, become=self.login.become if become is None else become)
        # One limit for all of it: each costs a thread.
        with stream.until(end) as left:
            stream.start(left)
            return stream.finish(stdin)

    def open(self, *command: str, seconds: float = COMMAND_SECONDS) -> Stream:
        """Begin a command that goes on, and return when it has begun; ``seconds`` is the limit for that.

        Raises
        ------
        RemoteError
            As for `run`.
        """
        end = time.monotonic() + seconds
        stream = Stream(self, command, become=self.login.become)
        with stream.until(end) as left:
            stream.start(left)
            stream.begin()
        return stream

    def channel(self, seconds: float) -> paramiko.Channel:
        """Return a new channel."""
        return self._line.transport.open_session(timeout=seconds)

    def close(self) -> None:
        """End the connection, and whatever still runs on it."""
        self._line.close()


class Stream:
    """A command that runs on a host. Moments (``end``) are those of the monotonic clock."""

    def __init__(self, connection: Connection, command: tuple[str, ...], *, become: bool) -> None:
        self._connection, self._login, self._become = connection, connection.login, become
        self._command = command
        self._token = secrets.token_hex(8)
        self._out, self._err = bytearray(), bytearray()
        self._channel: paramiko.Channel | None = None
        # Both streams are read at once: a full one would hold up the other.
        self._listener = threading.Thread(target=self._listen, daemon=True)

    @property
    def channel(self) -> paramiko.Channel:
        """Its channel."""
        if self._channel is None:
            raise EOFError("the connection is closed")
        return self._channel

    def start(self, seconds: float) -> None:
        """Let the host start it."""
        self._channel = self._connection.channel(seconds)
        self._channel.exec_command(self._words(self._command))
        self._listener.start()

    def finish(self, stdin: str) -> Answer:
        """Give the command what it reads, and return all it says until it ends."""
        # Who ends without reading has still answered.
        with contextlib.suppress(OSError):
            if stdin:
                self.channel.sendall(stdin.encode())
            self.channel.shutdown_write()
        while self._more():
            pass
        status = self._status()
        if not self._after_mark(self._out):
            raise self._never_began(status)
        self._after_mark(self._err)
        return Answer(status, self._out.decode(errors="replace"), self._err.decode(errors="replace").strip())

    def begin(self) -> None:
        """Wait until the command itself runs."""
        while not self._after_mark(self._out):
            if not self._more():
                raise self._never_began(self._status())

    def line(self, seconds: float = COMMAND_SECONDS) -> str:
        """Return the next line that the command prints; an empty one when it has ended.

        Raises
        ------
        DeadlineError
            When it prints none in time.
        LostError
            When the connection has ended.
        """
        with self.until(time.monotonic() + seconds):
            while b"\n" not in self._out and self._more():
                pass
            if b"\n" not in self._out:
                self._status()
        line, _, self._out = self._out.partition(b"\n")
        return line.decode(errors="replace")

    def end_input(self) -> None:
        """Tell the command that it has read everything: what waits for the end of its input ends."""
        with self.until(time.monotonic() + COMMAND_SECONDS):
            self.channel.shutdown_write()

    @property
    def complaint(self) -> str:
        """The last line of what the command has complained about so far; empty when it has not."""
        noise = bytearray(self._err)
        self._after_mark(noise)
        rows = noise.decode(errors="replace").strip().splitlines()
        return rows[-1] if rows else ""

    def close(self) -> None:
        """Hang up. The host tells the command when it next reads or prints."""
        if self._channel:
            self._channel.close()

    def _words(self, command: tuple[str, ...]) -> str:
        begin = _BEGIN.format(mark=_MARK, token=self._token)
        if self._become:
            return "exec " + shlex.join([*LEADER, "sh", "-c", f'{begin}; exec "$@"', "sh", *command])
        return f"{begin}; exec {shlex.join(command)}"

    def _listen(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while piece := self.channel.recv_stderr(_PIECE):
                self._err += piece

    def _more(self) -> bool:
        piece = self.channel.recv(_PIECE)
        self._out += piece
        return bool(piece)

    def _status(self) -> int:
        """Wait for the command's end; none comes when it is the connection that has ended."""
        self._listener.join()
        status = self.channel.recv_exit_status()
        self.channel.close()
        if status < 0 and not self._connection.alive:
            raise EOFError("the connection ended before the command did")
        return status

    def _after_mark(self, text: bytearray) -> bool:
        """Drop what stands before the mark; say whether the mark was there."""
        before, mark, _ = text.partition(f"{_MARK}{self._token}\n".encode())
        if mark:
            del text[: len(before) + len(mark)]
        return bool(mark)

    def _never_began(self, status: int) -> BecomeError | RefusedError:
        rows = (self._err or self._out).decode(errors="replace").strip().splitlines()
        why = rows[-1] if rows else f"exit status {status}"
        if self._become:
            return BecomeError(self._login, why)
        return RefusedError(self._login, f"the shell of {self._login.user} runs no command: {why}")

    @contextlib.contextmanager
    def until(self, end: float) -> Iterator[float]:
        """Bound what goes on inside, whatever it waits for, and tell a loss from silence."""
        seconds = max(0.01, end - time.monotonic())
        with within(seconds, self.close) as late:
            try:
                yield seconds
            except RemoteError:
                raise
            except (paramiko.SSHException, OSError, EOFError) as error:
                if late.is_set():
                    raise DeadlineError(self._login, seconds) from error
                raise LostError(self._login, str(error) or type(error).__name__) from error
            if late.is_set():
                raise DeadlineError(self._login, seconds)
