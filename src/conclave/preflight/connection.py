"""One ssh connection to a host: known by its key, with a deadline for everything."""

from __future__ import annotations

import os
import shlex
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

if TYPE_CHECKING:
    from conclave.site.model import Host

CONNECT_SECONDS = 6.0
COMMAND_SECONDS = 30.0
# Only root sees who holds a port.
_SHELL = "sudo -n true 2>/dev/null </dev/null && exec sudo -n sh -s; exec sh -s"


class UnknownKeyError(Exception):
    """A host whose key nobody has accepted yet.

    Parameters
    ----------
    kind:
        Type of the key, as ssh names it.
    fingerprint:
        ``SHA256:...`` as `ssh-keygen -l` prints it.
    """

    def __init__(self, kind: str, fingerprint: str) -> None:
        super().__init__(f"{kind} {fingerprint}")
        self.kind = kind
        self.fingerprint = fingerprint


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        raise UnknownKeyError(key.get_name(), fingerprint(key))


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint in OpenSSH's form."""
    return "SHA256:" + b64encode(sha256(key.asbytes()).digest()).decode().rstrip("=")


def options(host: Host) -> dict[str, list[str]]:
    """Return the options ssh has for a host, by their names in small letters; with what Ansible is told to add.

    ssh itself reads its files, so the answer is what Ansible will use.
    """
    words = shlex.split(os.environ.get("ANSIBLE_SSH_ARGS", ""))
    done = subprocess.run(
        ["ssh", *words, "-G", str(host.ansible_host)],
        capture_output=True,
        text=True,
        check=False,
        timeout=CONNECT_SECONDS,
    )
    if done.returncode:
        raise OSError(f"ssh refuses its own configuration: {done.stderr.strip()}")
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(value)
    return found


def known_hosts_files(found: dict[str, list[str]]) -> list[Path]:
    """Return where ssh looks up accepted host keys, of the options above; the first is the operator's own."""
    named = [*found.get("userknownhostsfile", []), *found.get("globalknownhostsfile", [])]
    return [Path(part).expanduser() for parts in named for part in parts.split()]


def connect(host: Host, seconds: float = CONNECT_SECONDS) -> paramiko.SSHClient:
    """Open a connection.

    Parameters
    ----------
    host:
        The host.
    seconds:
        How long its address may take to answer at all.

    Raises
    ------
    UnknownKeyError
        When the host's key is in no known_hosts file.
    paramiko.SSHException, OSError
        When the host cannot be reached, has another key, or refuses us.
    """
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(_Refuse)
    found = options(host)
    for file in known_hosts_files(found):
        if file.is_file():
            client.load_system_host_keys(str(file))
    only_named = found.get("identitiesonly") == ["yes"]
    keys = [str(Path(name).expanduser()) for name in found.get("identityfile", [])]
    try:
        client.connect(
            str(host.ansible_host),
            port=host.ansible_port,
            username=host.ansible_user,
            # A list is documented, the stubs know only one.
            key_filename=[key for key in keys if Path(key).is_file()] or None,  # type: ignore[arg-type]
            allow_agent=not only_named,
            look_for_keys=not only_named,
            timeout=seconds,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            channel_timeout=CONNECT_SECONDS,
        )
    except BaseException:
        client.close()
        raise
    return client


def output(client: paramiko.SSHClient, script: str) -> str:
    """Run a shell script, as root where sudo allows it, and return what it prints.

    Raises
    ------
    TimeoutError
        When it takes longer than ``COMMAND_SECONDS``.
    """
    stdin, stdout, _ = client.exec_command(_SHELL, timeout=COMMAND_SECONDS)
    stdin.write(script)
    stdin.channel.shutdown_write()
    return stdout.read().decode(errors="replace")
