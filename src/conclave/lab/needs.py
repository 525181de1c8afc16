"""What a lab needs of its machine, looked at before anything is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import access
from conclave.paths import project_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conclave.lab.state import Claim

# Program and the Debian package that brings it.
TOOLS = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "systemctl": "systemd",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}


def check() -> None:
    """Refuse to start what cannot end well.

    Raises
    ------
    ConclaveError
        When a privilege, a tool or a kernel feature is missing; exit code 3.
    """
    check_privilege(os.geteuid())
    check_tools(TOOLS)
    check_kernel(Path("/proc/filesystems").read_text(encoding="utf-8"))


def check_privilege(user: int) -> None:
    """Refuse anybody but root, by effective user id."""
    if user != 0:
        raise ConclaveError(
            f"the lab was called by user {user}",
            expected="root: the lab makes namespaces and boots hosts",
            todo="call it again with sudo",
            exit_code=ExitCode.MACHINE,
        )


def check_tools(tools: Mapping[str, str]) -> None:
    """Refuse when one of these programs is not on the search path, and name its Debian package."""
    missing = [name for name in tools if shutil.which(name) is None]
    if missing:
        packages = " ".join(sorted({tools[name] for name in missing}))
        raise ConclaveError(
            f"missing on this machine: {', '.join(missing)}",
            todo=f"apt-get install --no-install-recommends {packages}",
            exit_code=ExitCode.MACHINE,
        )


def check_kernel(filesystems: str) -> None:
    """Try what the lab asks of the kernel.

    Parameters
    ----------
    filesystems:
        Content of `/proc/filesystems`.
    """
    known = filesystems.split()
    for name in ("overlay", "cgroup2"):
        if name not in known and not _loads(name):
            raise _missing(f"file system {name}")
    failure: list[ConclaveError] = []
    # A thread, because this process stays in its own namespace.
    thread = threading.Thread(target=lambda: failure.extend(_try_network()))
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def _try_network() -> list[ConclaveError]:
    try:
        os.unshare(os.CLONE_NEWNET)
    except OSError:
        return [_missing("network namespaces (and the right to make one: CAP_SYS_ADMIN)")]
    trials = {
        "bridges": ["ip", "link", "add", "name", "trial0", "type", "bridge"],
        "virtual Ethernet pairs (veth)": ["ip", "link", "add", "name", "trial1", "type", "veth"],
        "nftables with address sets": [
            "nft",
            "add table inet trial; add set inet trial s { type ipv4_addr; flags dynamic; }",
        ],
    }
    return [
        _missing(feature)
        for feature, argv in trials.items()
        if subprocess.run(argv, capture_output=True, check=False).returncode
    ]


def _loads(module: str) -> bool:
    return (
        bool(shutil.which("modprobe"))
        and not subprocess.run(["modprobe", module], capture_output=True, check=False).returncode
    )


def _missing(feature: str) -> ConclaveError:
    return ConclaveError(
        f"this machine's kernel lacks {feature}",
        expected="a Debian kernel, with root privileges",
        todo="use a machine or virtual machine of its own, or a privileged container",
        exit_code=ExitCode.MACHINE,
    )


def refuse_other_checkout(name: str, claim: Claim | None) -> None:
    """Refuse a lab that another checkout has started.

    Raises
    ------
    ConclaveError
        When that checkout is there and the lab runs.
    """
    own = str(project_root())
    if claim and claim.checkout != own and claim.living and Path(claim.checkout).exists():
        raise ConclaveError(
            f"lab {name!r} belongs to the checkout {claim.checkout}",
            expected=own,
            todo="use another name with --name",
            exit_code=ExitCode.NOT_READY,
        )


def refuse_inside(name: str) -> None:
    """Refuse to end a lab from within.

    Raises
    ------
    ConclaveError
        When this process runs inside it.
    """
    if os.environ.get(access.VARIABLE) == name:
        raise ConclaveError(
            f"this process is inside lab {name!r}",
            expected="a process outside the lab",
            todo="leave the lab's shell and try again",
            exit_code=ExitCode.NOT_READY,
        )
