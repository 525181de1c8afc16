"""Linux namespaces: run something in one, find who is in one, remove one with all that runs in it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NETNS = Path("/run/netns")


def inside[T](name: str, function: Callable[[], T]) -> T:
    """Call a function in a network namespace.

    It runs in a thread of its own, because a thread can enter a namespace and this process stays where it is.
    """
    answer: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            handle = os.open(NETNS / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.setns(handle, os.CLONE_NEWNET)
            finally:
                os.close(handle)
            answer.append(function())
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, name=f"netns {name}")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]


def run(argv: list[str], *, stdin: str = "", doing: str) -> str:
    """Run a system tool and return its output.

    Raises
    ------
    ConclaveError
        With what was being done and what the tool said.
    """
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise ConclaveError(
            f"{doing}: {said}", todo="conclave lab down, then conclave lab up", exit_code=ExitCode.MACHINE
        )
    return done.stdout


def exists(name: str) -> bool:
    """Tell whether a network namespace has a name, mounted or left over by a reboot."""
    return (NETNS / name).exists()


def inode(name: str) -> int | None:
    """Return the identity of a network namespace, or None when it is not there."""
    try:
        return (NETNS / name).stat().st_ino
    except FileNotFoundError:
        return None


def members(identities: Iterable[int]) -> list[int]:
    """Return the processes in any of these network namespaces, without this process and those that wait for it."""
    wanted = {f"net:[{identity}]" for identity in identities}
    spared = _ancestors()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in spared:
            try:
                if str((entry / "ns/net").readlink()) in wanted:
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found


def end(pids: Iterable[int], *, grace: float) -> None:
    """End processes and wait until they are gone: SIGTERM, after `grace` seconds SIGKILL.

    Raises
    ------
    ConclaveError
        When one of them cannot be ended.
    """
    handles: dict[int, int] = {}
    for pid in pids:
        try:
            handles[os.pidfd_open(pid)] = pid
        except ProcessLookupError:
            continue
    try:
        rounds = ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)) if grace else ((signal.SIGKILL, 10.0),)
        for number, seconds in rounds:
            _signal(handles, number)
            _wait(handles, time.monotonic() + seconds)
        if handles:
            raise ConclaveError(
                f"processes {sorted(handles.values())} do not end",
                expected="SIGKILL to end them",
                exit_code=ExitCode.MACHINE,
            )
    finally:
        for handle in handles:
            os.close(handle)


def wait(pid: int, *, seconds: float) -> None:
    """Wait until a process has ended.

    Raises
    ------
    ConclaveError
        When it has not in time.
    """
    try:
        handles = {os.pidfd_open(pid): pid}
    except ProcessLookupError:
        return
    _wait(handles, time.monotonic() + seconds)
    for handle in handles:
        os.close(handle)
    if handles:
        raise ConclaveError(
            f"process {pid} still runs", expected=f"its end within {seconds} s", exit_code=ExitCode.MACHINE
        )


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None when it is dead or a zombie.

    With the number of the process it is an identity that is not used twice.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ancestors() -> set[int]:
    found, pid = set(), os.getpid()
    while pid > 0:
        found.add(pid)
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        pid = int(fields[1])
    return found


def _signal(handles: dict[int, int], number: signal.Signals) -> None:
    for handle in handles:
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            continue


def _wait(handles: dict[int, int], deadline: float) -> None:
    poll = select.poll()
    for handle in handles:
        poll.register(handle, select.POLLIN)
    while handles and (left := deadline - time.monotonic()) > 0:
        for handle, _ in poll.poll(left * 1000):
            poll.unregister(handle)
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, handle, os.WEXITED)
            os.close(handle)
            del handles[handle]
