"""The lab's hosts: what makes a clone of the image a host of its own, starting it, ending it, waiting for it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import namespaces, network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conclave.lab.definition import Definition, Interface
    from conclave.site.model import Host
    from conclave.site.zones import Address

SCRIPT = Path(__file__).with_name("host.sh")
# Of a host that boots a kernel of its own.
KERNEL_SCRIPT = Path(__file__).with_name("kernel-host.sh")
BOOT_SECONDS = 120
SSH_PORT = 22
# A host that is emulated takes so long to greet when its machine is busy.
_GREETING_SECONDS = 60
_NSPAWN = "systemd-nspawn"


class HostEndedError(ConclaveError):
    """A host's process is gone before the host was up."""

    def __init__(self, host: str, console: str = "") -> None:
        said = f": {console}" if console else ""
        super().__init__(
            f"host {host} ended while it started{said}", expected="a running host", exit_code=ExitCode.MACHINE
        )
        self.host = host


@dataclass(frozen=True)
class Process:
    """The one process whose end ends a host."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Tell whether it still runs."""
        return namespaces.start_time(self.pid) == self.started


@dataclass(frozen=True)
class Place:
    """Where a host's files are: the image below it, the folder it writes to, and what its console says.

    ``base`` is an overlay's `lowerdir`: what was saved of an earlier host may lie above the image.
    """

    base: str
    layer: Path
    console: Path


def key_pair() -> tuple[bytes, bytes]:
    """Return a new Ed25519 key in OpenSSH's form: private, public."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def prepare(definition: Definition, host: Host, layer: Path, authorized: str) -> str:
    """Write what is the host's own into its layer and return its public ssh key.

    Parameters
    ----------
    definition:
        The lab the host is part of.
    host:
        The host.
    layer:
        Folder that gets `up/`, `work/` and `root/`.
    authorized:
        Public key that may sign in as root.
    """
    up = layer / "up"
    for folder in (up, layer / "work", layer / "root", up / "etc/ssh", up / "etc/systemd/network"):
        folder.mkdir(parents=True, exist_ok=True)
    private, public = key_pair()
    _write(up / "etc/ssh/ssh_host_ed25519_key", private.decode(), 0o600)
    _write(up / "etc/ssh/ssh_host_ed25519_key.pub", f"{public.decode()} root@{host.name}\n")
    _write(up / "etc/machine-id", f"{uuid.uuid4().hex}\n", 0o444)
    _write(up / "etc/hostname", f"{host.name}\n")
    _write(up / "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n::1 localhost\n")
    (up / "root/.ssh").mkdir(mode=0o700, parents=True, exist_ok=True)
    (up / "root").chmod(0o700)
    _write(up / "root/.ssh/authorized_keys", f"{authorized}\n", 0o600)
    if host.name == definition.router:
        # A blank router forwards everything, so that a deployment can reach the hosts behind it.
        (up / "etc/systemd/networkd.conf.d").mkdir(exist_ok=True)
        _write(
            up / "etc/systemd/networkd.conf.d/10-forward.conf", "[Network]\nIPv4Forwarding=yes\nIPv6Forwarding=yes\n"
        )
    for zone in network.ports(definition, host.name):
        _write(up / f"etc/systemd/network/10-{zone}.network", _networkd(definition, host, zone))
        if host.name in definition.own_kernel:
            match = f"[Match]\nMACAddress={network.mac(host.name, zone)}\n\n[Link]\nName={zone}\n"
            _write(up / f"etc/systemd/network/10-{zone}.link", match)
    return public.decode()


def start(definition: Definition, lab: str, host: Host, place: Place) -> Process:
    """Start a host and return without waiting for it."""
    ports = network.ports(definition, host.name)
    # Of a host that was ended the kernel removes the ports some time later.
    network.unplug(network.Names.of(lab), ports.values())
    links = " ".join(f"{zone}={port}={network.mac(host.name, zone)}" for zone, port in ports.items())
    argv = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child=KILL", "--mount-proc"]
    own = definition.own_kernel.get(host.name)
    script = KERNEL_SCRIPT if own else SCRIPT
    argv += ["--propagation=private", "sh", str(script), host.name, cgroup(lab, host.name)]
    argv += [place.base, str(place.layer), network.Names.of(lab).control, links, *([own.kernel] if own else [])]
    # Not subprocess: the host outlives whoever starts it, and its output is no pipe that somebody waits for.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawnp(
        argv[0],
        argv,
        {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(place.console), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Process(pid, namespaces.start_time(pid) or 0)


def stop(processes: Iterable[Process]) -> None:
    """End hosts at once, as a power cut would."""
    living = [process.pid for process in processes if process.alive]
    inits = [child for pid in living for child in namespaces.children(pid)]
    namespaces.end([*living, *inits], grace=0)


def strays(lab: str) -> list[int]:
    """Return the processes of a lab's hosts, also of those whose start was cut short before it was recorded.

    A host is known by its control group, and on its way there by its command line.
    """
    mark = cgroup(lab, "")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = (entry / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
                groups = (entry / "cgroup").read_text(encoding="utf-8").splitlines()
                starting = any(word.endswith((SCRIPT.name, KERNEL_SCRIPT.name)) for word in words) and any(
                    word.startswith(mark) for word in words
                )
                if starting or any(row.startswith(f"0::/{mark}") for row in groups):
                    found.append(int(entry.name))
    return found


def leader(process: Process) -> int | None:
    """Return the pid of a host's systemd, or None while it has none."""
    for init in namespaces.children(process.pid):
        for child in namespaces.children(init):
            if Path(f"/proc/{child}/comm").read_text(encoding="utf-8").strip() == _NSPAWN:
                return next(iter(namespaces.children(child)), None)
    return None


def cgroup(lab: str, host: str) -> str:
    """Return the name of a host's control group. The tree is one for all labs."""
    return f"conclave.{lab}.{host}"


def remove_cgroups(lab: str) -> None:
    """Remove the empty control groups that a lab's hosts leave behind.

    Mounted for the moment, because a hybrid machine has version 2 at a place of its own or nowhere.
    """
    script = (
        "mount -t cgroup2 cgroup2 /sys/fs/cgroup && cd /sys/fs/cgroup &&"
        ' for group in "$@"; do [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +; done'
    )
    found = cgroups(lab)
    if found:
        argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", *found]
        namespaces.run(argv, doing="removing the hosts' control groups")


def cgroups(lab: str) -> list[str]:
    """Return the names of a lab's control groups that exist."""
    script = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && find /sys/fs/cgroup -maxdepth 1 -name "$1"'
    argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", f"conclave.{lab}.*"]
    listed = namespaces.run(argv, doing="looking for the hosts' control groups").split()
    return sorted(Path(row).name for row in listed)


def wait_for_ssh(
    addresses: dict[str, Address], processes: dict[str, Process], since: float, within: float = BOOT_SECONDS
) -> dict[str, float]:
    """Wait until every host greets as an ssh server; to be called in the control namespace.

    Returns
    -------
    dict
        Seconds from `since` (monotonic clock) to each host's greeting.

    Raises
    ------
    ConclaveError
        When a host ends, or does not greet in time.
    """
    seconds: dict[str, float] = {}
    deadline = time.monotonic() + within
    for name, address in addresses.items():
        for _ in attempts(name, processes[name], deadline):
            if _greets(address):
                seconds[name] = round(time.monotonic() - since, 2)
                break
    return seconds


def remove_layer(layer: Path) -> None:
    """Delete what a host has written."""
    if layer.exists():
        shutil.rmtree(layer)


def attempts(name: str, process: Process, deadline: float) -> Iterator[None]:
    """Yield again and again until somebody stops asking.

    Raises
    ------
    ConclaveError
        When the host ends, or the deadline (monotonic clock) passes.
    """
    pause = socket.socketpair()
    try:
        pause[0].settimeout(0.05)
        while time.monotonic() < deadline:
            if not process.alive:
                raise HostEndedError(name)
            yield
            try:
                pause[0].recv(1)
            except TimeoutError:
                continue
    finally:
        for end in pause:
            end.close()
    raise ConclaveError(
        f"host {name} does not answer on port {SSH_PORT}",
        expected="an ssh server within the time a start takes",
        todo=f"conclave lab shell --in {name}",
        exit_code=ExitCode.MACHINE,
    )


def _greets(address: Address) -> bool:
    try:
        with socket.create_connection((str(address), SSH_PORT), timeout=0.5) as connection:
            # Whoever hangs up on it and asks again at once keeps it from ever greeting.
            connection.settimeout(_GREETING_SECONDS)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _networkd(definition: Definition, host: Host, zone: str) -> str:
    router = host.name == definition.router
    addresses: Iterable[Interface] = definition.of_router(zone) if router else definition.interfaces(host)
    rows = [f"[Match]\nName={zone}\n\n[Network]\nDHCP=no\nIPv6AcceptRA=no\nLLMNR=no\nMulticastDNS=no"]
    if router:
        gateways = [address.ip for address in definition.canary] if zone == "outside" else []
    else:
        gateways = [gateway.ip for gateway in definition.zones[zone].gateway]
    rows += [f"\n[Address]\nAddress={address}\nDuplicateAddressDetection=none" for address in addresses]
    rows += [f"\n[Route]\nGateway={gateway}" for gateway in gateways]
    return "\n".join(rows) + "\n"


def _write(path: Path, content: str, mode: int = 0o644) -> None:
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
