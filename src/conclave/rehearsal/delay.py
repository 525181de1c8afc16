"""A delay without help of the kernel: netem is a module that many kernels lack, TUN devices hardly any.

Two TUN devices stand in the box. What routing hands to the one comes out of the other some time later, so the kernel
makes segments and checksums as for any network card, and one device alone would not tell there from back.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Self

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from types import TracebackType

DEVICES = ("there", "back")
_TUN = Path("/dev/net/tun")
# linux/if_tun.h: TUNSETIFF, IFF_TUN, IFF_NO_PI.
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST = 65_536


def open_devices() -> tuple[int, int]:
    """Make the two devices in the current network namespace; they are gone when their descriptors are closed.

    Raises
    ------
    ConclaveError
        When the kernel has no TUN devices.
    """
    opened: list[int] = []
    try:
        for name in DEVICES:
            handle = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            opened.append(handle)
            fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        for handle in opened:
            os.close(handle)
        raise ConclaveError(
            f"a delay cannot be simulated here: {_TUN}: {error.strerror}",
            expected="a kernel with TUN devices",
            todo="leave out the profile with the delay, or load the module tun",
            exit_code=ExitCode.MACHINE,
        ) from error
    return opened[0], opened[1]


class Delay:
    """Pass packets between two devices, each after the same time, in order, as long as the block lasts.

    Parameters
    ----------
    devices:
        Descriptors of the two devices, which are closed at the end.
    seconds:
        How long each packet waits.
    """

    def __init__(self, devices: tuple[int, int], seconds: float) -> None:
        self._devices = devices
        self._seconds = seconds
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, name="delay", daemon=True)

    def __enter__(self) -> Self:
        """Begin to pass packets on."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; what still waits is lost."""
        os.close(self._stopped)
        self._thread.join()
        for handle in (self._stop, *self._devices):
            os.close(handle)

    def _pass_on(self) -> None:
        waiting: deque[tuple[float, int, bytes]] = deque()
        there, back = self._devices
        other = {there: back, back: there}
        with selectors.DefaultSelector() as events:
            for handle in (self._stop, *self._devices):
                events.register(handle, selectors.EVENT_READ)
            while True:
                pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
                ready = [key.fd for key, _ in events.select(pause)]
                if self._stop in ready:
                    return
                for handle in ready:
                    waiting.extend(
                        (time.monotonic() + self._seconds, other[handle], packet) for packet in _packets(handle)
                    )
                while waiting and waiting[0][0] <= time.monotonic():
                    _, target, packet = waiting.popleft()
                    _write(target, packet)


def _packets(handle: int) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(os.read(handle, _LARGEST))
        except BlockingIOError:
            return found


def _write(handle: int, packet: bytes) -> None:
    try:
        os.write(handle, packet)
    except OSError:
        # As on a real line: the kernel refuses a packet (its device is down, its queue full), and it is lost.
        return
