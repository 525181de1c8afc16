"""What the machine knows of a lab: whose it is, which processes are its hosts, and whether it outlived a boot."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.errors import ConclaveError, ExitCode
from conclave.lab.hosts import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

# For root of the whole machine, because names of namespaces and control groups are the machine's too.
RUN = Path("/run/conclave/lab")
_INSTANT = 1.0
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 4096
# Layers go to disk: a deployed host writes more than a gigabyte.
LAYERS = Path("/var/lib/conclave/lab")
# What hosts had written when a lab was saved; on the same file system, so that saving is a rename.
SAVED = Path("/var/lib/conclave/lab-saved")


@dataclass
class Claim:
    """The record of a lab, kept as `claim.json` in its folder.

    Parameters
    ----------
    checkout:
        The project folder that started it.
    definition:
        The folder it was defined in.
    base:
        The unpacked image below its hosts.
    boot:
        The boot of the machine it was started in.
    ready:
        Whether every host has answered once.
    hosts:
        The process of each host.
    timing:
        Seconds of each phase of the start.
    saved:
        The folder of the saved lab that its hosts started from; empty when they were blank.
    kernel_bases:
        The unpacked images of the hosts with a kernel of their own, by kind of kernel.
    """

    checkout: str
    definition: str
    base: str
    boot: str
    ready: bool = False
    hosts: dict[str, Process] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)
    saved: str = ""
    kernel_bases: dict[str, str] = field(default_factory=dict)

    @property
    def living(self) -> list[str]:
        """Names of the hosts that run."""
        if self.boot != boot_id():
            return []
        return [name for name, process in self.hosts.items() if process.alive]


def boot_id() -> str:
    """Return the identity of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()


def read(folder: Path) -> Claim | None:
    """Read the record in a lab's folder; None when there is none or it was cut short."""
    try:
        content = json.loads((folder / "claim.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    hosts = {name: Process(**process) for name, process in content.pop("hosts").items()}
    return Claim(**content, hosts=hosts)


def write(folder: Path, claim: Claim) -> None:
    """Replace the record in a lab's folder at once."""
    temporary = folder / "claim.json.new"
    temporary.write_text(json.dumps(asdict(claim), indent=2) + "\n", encoding="utf-8")
    temporary.replace(folder / "claim.json")


@contextmanager
def locked(folder: Path, busy: str) -> Iterator[None]:
    """Hold a lab's folder alone; it is made when it is missing, and removed with its parents when it ends up empty.

    While any lab has a folder, the machine's limit of inotify instances is raised: seven or more for each host are
    more than a kernel gives the hosts of two or three labs, and systemd's units fail one by one when it is reached.

    Raises
    ------
    ConclaveError
        With the sentence `busy` when another process is starting or stopping the lab, exit code 4.
    """
    machine = folder.parent.parent
    with _held(machine, fcntl.LOCK_EX):
        _raise_limit(machine)
        lab = _hold(folder, fcntl.LOCK_EX | fcntl.LOCK_NB, busy)
    try:
        yield
    finally:
        with _held(machine, fcntl.LOCK_EX):
            _remove_if_empty(folder)
            os.close(lab)
            if _remove_if_empty(folder.parent):
                _restore_limit(machine)
                _remove_if_empty(machine)


@contextmanager
def _held(folder: Path, mode: int) -> Iterator[None]:
    handle = _hold(folder, mode)
    try:
        yield
    finally:
        os.close(handle)


def _hold(folder: Path, mode: int, busy: str = "") -> int:
    while True:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            _lock(handle, mode)
        except BlockingIOError as error:
            os.close(handle)
            todo = "wait for it, or use a lab of your own with --name"
            raise ConclaveError(busy, expected="one at a time", todo=todo, exit_code=ExitCode.BUSY) from error
        # The one before may have removed the folder between open and lock.
        if folder.exists() and os.fstat(handle).st_ino == folder.stat().st_ino:
            return handle
        os.close(handle)


def _lock(handle: int, mode: int) -> None:
    """Lock a folder; a process that was killed while it started another leaves the lock to that one for an instant."""
    deadline = time.monotonic() + _INSTANT
    while True:
        try:
            fcntl.flock(handle, mode)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)
        else:
            return


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _raise_limit(machine: Path) -> None:
    before = int(INOTIFY.read_text(encoding="utf-8"))
    if before >= INOTIFY_INSTANCES:
        return
    try:
        INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n", encoding="utf-8")
    except OSError as error:
        _remove_if_empty(machine)
        raise ConclaveError(
            f"this machine allows {before} inotify instances and does not let the lab raise that",
            expected=f"{INOTIFY_INSTANCES}",
            todo=f"outside of this container: sysctl -w fs.inotify.max_user_instances={INOTIFY_INSTANCES}",
            exit_code=ExitCode.MACHINE,
        ) from error
    (machine / "inotify-before").write_text(f"{before}\n", encoding="utf-8")


def _restore_limit(machine: Path) -> None:
    record = machine / "inotify-before"
    if record.exists():
        INOTIFY.write_text(record.read_text(encoding="utf-8"), encoding="utf-8")
        record.unlink()
