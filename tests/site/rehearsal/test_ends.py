"""However a rehearsal ends, nothing of it stays in the lab."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from conclave.lab import namespaces

from .conftest import CONCLAVE, WORDS, ports

DEADLINE, PEOPLE = 30, 6


def held(process: subprocess.Popen[bytes]) -> set[int]:
    """Return the network namespaces that the children of a rehearsal hold, beside its own."""
    own = Path("/proc/self/ns/net").stat().st_ino
    found = {namespace(child) for child in namespaces.children(process.pid)}
    return {inode for inode in found if inode not in {None, own}}  # type: ignore[misc]


def namespace(pid: int) -> int | None:
    """Return the network namespace of a process, or None when it is gone."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return None


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_rehearsal_that_is_ended_leaves_nothing(number: signal.Signals) -> None:
    # What a shell started in the background ignores Ctrl-C, and hands that down.
    argv = ["env", "--default-signal=INT", CONCLAVE, *WORDS, "--profile", "delay-200"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + DEADLINE
        # Two hold the namespaces; a browser is more than a few processes.
        while len(namespaces.members(made := held(process))) < PEOPLE:
            assert time.monotonic() < end, "the rehearsal does not begin"
            assert process.poll() is None, "the rehearsal ended by itself"
        assert len(made) == 2
        assert ports()
        process.send_signal(number)
        assert process.wait(DEADLINE) != 0
    end = time.monotonic() + DEADLINE
    while ports() or namespaces.members(made):
        assert time.monotonic() < end, (ports(), namespaces.members(made))
