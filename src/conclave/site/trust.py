"""Accepts the ssh keys of a site's hosts after somebody has compared them; never silently."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paramiko

from conclave.errors import ConclaveError, ExitCode
from conclave.preflight import connection

if TYPE_CHECKING:
    from conclave.site.model import Host


@dataclass(frozen=True)
class Offered:
    """The key a host shows, and whether it is accepted already."""

    host: Host
    key: paramiko.PKey
    known: bool

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as `ssh-keygen -l` prints it."""
        return connection.fingerprint(self.key)


def offered(host: Host) -> Offered:
    """Ask a host for its key, without signing in.

    Raises
    ------
    ConclaveError
        Exit code 5 when it does not answer; exit code 4 when it shows another key than the accepted one.
    """
    address = str(host.ansible_host)
    try:
        with socket.create_connection((address, host.ansible_port), timeout=connection.CONNECT_SECONDS) as raw:
            transport = paramiko.Transport(raw)
            # The kind OpenSSH on Debian 13 prefers, so that ssh finds the same one.
            transport.get_security_options().key_types = ("ssh-ed25519",)
            try:
                transport.start_client(timeout=connection.CONNECT_SECONDS)
                key = transport.get_remote_server_key()
            finally:
                transport.close()
    except (OSError, paramiko.SSHException) as error:
        raise ConclaveError(
            f"{host.name} ({address}) shows no ssh key: {error}",
            expected="a running ssh server with an Ed25519 key",
            todo="start the host, or let ssh through from the control node",
            exit_code=ExitCode.UNREACHABLE,
        ) from error
    accepted = _accepted(host)
    if accepted is not None and accepted != key:
        raise ConclaveError(
            f"{host.name} shows the key {connection.fingerprint(key)}",
            expected=f"the accepted one, {connection.fingerprint(accepted)}",
            todo=f"find out why; if the host was installed anew: ssh-keygen -R {_name(host)}",
            exit_code=ExitCode.HOST_KEY,
        )
    return Offered(host, key, accepted is not None)


def accept(offer: Offered) -> None:
    """Remember a host's key where ssh looks for it."""
    file = connection.known_hosts_files(connection.options(offer.host))[0]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = f"{_name(offer.host)} {offer.key.get_name()} {offer.key.get_base64()}\n"
    with file.open("a", encoding="utf-8") as known:
        known.write(line)


def _accepted(host: Host) -> paramiko.PKey | None:
    for file in connection.known_hosts_files(connection.options(host)):
        if file.is_file():
            keys = paramiko.HostKeys(str(file)).lookup(_name(host))
            if keys and "ssh-ed25519" in keys:
                return keys["ssh-ed25519"]
    return None


def _name(host: Host) -> str:
    """Return the name under which ssh looks up a host's key."""
    address = str(host.ansible_host)
    standard = 22
    return address if host.ansible_port == standard else f"[{address}]:{host.ansible_port}"
