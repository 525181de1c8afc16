"""Hosts with a kernel of their own, without hardware virtualisation: user-mode-linux, or an emulated machine (qemu)."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import hosts, image, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from conclave.lab.definition import Definition, LabHost

SHARED = "shared"
# Packages of Debian that such a host's image has: what runs the kernel, and the kernel.
_PACKAGES = {"own": ("user-mode-linux",), "emulated": ("linux-image-cloud-amd64", "qemu-system-x86")}
# On two busy cores. A first start compiles AppArmor's profiles, all of them.
_BOOT_SECONDS = {SHARED: hosts.BOOT_SECONDS, "own": 300, "emulated": 2400}
_BOOT_ID = ["cat", "/proc/sys/kernel/random/boot_id"]
TOOLS = {"chroot": "coreutils", "mkfs.ext4": "e2fsprogs"}
# Drivers of hardware that it cannot have are the greatest part of it.
_LEFT_OUT = ("path-exclude=/usr/lib/uml/modules/*/kernel/drivers/*",)


def check(chosen: Collection[str]) -> None:
    """Refuse to start hosts with a kernel of their own, if there are any, where that cannot end well.

    Raises
    ------
    ConclaveError
        When a tool is missing, or the kernel has no tap interfaces.
    """
    if not chosen:
        return
    needs.check_tools(TOOLS)
    # In a namespace of its own, so that it is gone with the command.
    trial = ["unshare", "--net", "ip", "tuntap", "add", "dev", "trial0", "mode", "tap"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        raise ConclaveError(
            "this machine has no tap interfaces (/dev/net/tun)",
            expected="them, for a host with its own kernel (lab.yml: hosts)",
            todo="modprobe tun; in a container, give it the device",
            exit_code=ExitCode.MACHINE,
        )


def boot_seconds(chosen: Iterable[LabHost]) -> float:
    """Return how long hosts may take until they answer, if these are those of them with a kernel of their own."""
    return max(_BOOT_SECONDS[kind] for kind in (SHARED, *(host.kernel for host in chosen)))


def refuse_saving(lab: str, images: Collection[str]) -> None:
    """Refuse to save a lab that has images of hosts with a kernel of their own.

    Raises
    ------
    ConclaveError
        With what to change.
    """
    if images:
        raise ConclaveError(
            f"lab {lab!r} has hosts with a kernel of their own: their disks are not kept",
            expected="a lab without them (lab.yml: hosts)",
            exit_code=ExitCode.INPUT,
        )


def images(
    below: image.Source, definition: Definition, saved: Path | None, progress: Callable[[str], None]
) -> dict[str, str]:
    """Return the unpacked images that a lab's hosts start from, by kind of kernel; make those that are not there.

    Parameters
    ----------
    below:
        What a host in a namespace is made of.
    definition:
        The lab.
    saved:
        The saved lab that its hosts start from: it knows its image.
    progress:
        Called with a sentence when an image is made.

    Raises
    ------
    ConclaveError
        When a package is missing or mmdebstrap fails.
    """
    if saved:
        return {SHARED: (saved / "base").read_text(encoding="utf-8").strip()}
    wanted = sources(below, definition.own_kernel.values())
    if any(host.name not in definition.own_kernel for host in definition.hosts):
        wanted[SHARED] = below
    return {kind: str(image.ensure(source, progress)) for kind, source in wanted.items()}


def sources(below: image.Source, chosen: Iterable[LabHost]) -> dict[str, image.Source]:
    """Return what the images of such hosts are made of, one for each kind of kernel that there is among them."""
    found: dict[str, set[str]] = {}
    for host in chosen:
        found.setdefault(host.kernel, set()).update(host.packages)
    return {kind: source(below, kind, packages) for kind, packages in found.items()}


def source(below: image.Source, kind: str, packages: Iterable[str]) -> image.Source:
    """Return what such an image is made of: that of all others, the kernel, and packages from the start.

    The kernel comes from this machine's Debian sources: no site needs it, so no bundle has it.
    """
    machine = image.machine_source()
    parts = [below] if below == machine else [below, machine]
    lines = (row.replace("deb ", f"deb [signed-by={part.keyring}] ", 1) for part in parts for row in part.lines)
    return replace(
        below,
        label=f"{below.label}, with a kernel ({kind})",
        suite=machine.suite,
        lines=tuple(lines),
        apt_options=machine.apt_options,
        packages=(*below.packages, *_PACKAGES[kind], *sorted(packages)),
        dpkg_options=(*below.dpkg_options, *_LEFT_OUT),
    )


def reboot(host: str, kind: LabHost, process: hosts.Process, command: Callable[[list[str]], list[str]]) -> None:
    """Reboot such a host from within and return when it answers again: each boot has an identity of its own.

    Parameters
    ----------
    host:
        Its name.
    kind:
        Which kernel it has.
    process:
        Its process, which goes on.
    command:
        Makes the command line that runs one there.

    Raises
    ------
    ConclaveError
        When the host ends, or does not come back in time.
    """
    before = _answer(command(_BOOT_ID))
    # The connection may end before the answer is there.
    _answer(command(["systemctl", "reboot"]))
    for _ in hosts.attempts(host, process, time.monotonic() + boot_seconds([kind])):
        if _answer(command(_BOOT_ID)) not in {"", before}:
            return


def _answer(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
