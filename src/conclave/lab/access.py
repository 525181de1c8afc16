"""How people and programs get into a lab: ssh, name resolution, command lines."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from conclave.lab import hosts, namespaces, outsiders

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.lab.definition import Definition
    from conclave.site.model import Host

# Its value is the name of the lab that a process runs in.
VARIABLE = "CONCLAVE_LAB"
# The machine's own resolver, names and name services must not answer for the site's.
_COVERED = {
    "resolv.conf": "{resolver}",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}
# A kernel of a host's own takes seconds for a key exchange, and its reset ends no connection.
_SLOW = "  ConnectTimeout 120\n  ServerAliveInterval 30\n  ServerAliveCountMax 10\n"
_COVER = 'set -e; for file in "$0"/*; do mount --bind "$file" "/etc/${file##*/}"; done; exec "$@"'


def prepare(definition: Definition, folder: Path) -> None:
    """Write the lab's ssh configuration with a new key, and what covers the machine's name resolution."""
    for part in ("etc", "etc-outside", "console", "ssh"):
        (folder / part).mkdir(mode=0o755, exist_ok=True)
    resolver = f"nameserver {definition.resolver}\n" if definition.resolver else ""
    resolver += f"search {definition.site.domain}\n" if definition.site.domain else ""
    for name, content in _COVERED.items():
        (folder / "etc" / name).write_text(content.format(resolver=resolver), encoding="utf-8")
        (folder / "etc-outside" / name).write_text(content.format(resolver=""), encoding="utf-8")
    (folder / "etc-outside/hosts").write_text(outsiders.names(definition), encoding="utf-8")
    private, public = hosts.key_pair()
    key = folder / "id_ed25519"
    key.touch(mode=0o600)
    key.write_bytes(private)
    key.with_suffix(".pub").write_text(f"{public.decode()} conclave-lab\n", encoding="utf-8")
    known = folder / "known_hosts"
    known.touch()
    # The first value counts.
    slow = dict.fromkeys(definition.own_kernel, _SLOW)
    rows = [f"Host {host.name}\n  HostName {host.ansible_host}\n{slow.get(host.name, '')}" for host in definition.hosts]
    rows.append(
        "Host *\n"
        "  User root\n"
        f"  IdentityFile {key}\n"
        "  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {known}\n"
        "  GlobalKnownHostsFile /dev/null\n"
        "  StrictHostKeyChecking yes\n"
        "  PasswordAuthentication no\n"
        "  ConnectTimeout 5\n"
    )
    (folder / "ssh_config").write_text("\n".join(rows), encoding="utf-8")


def remember(folder: Path, host: Host, public: str) -> None:
    """Note a host's public key in place of the one it had."""
    known = folder / "known_hosts"
    rows = [row for row in known.read_text(encoding="utf-8").splitlines() if not row.startswith(f"{host.name},")]
    names = ",".join([host.name, *map(str, host.main_addresses)])
    known.write_text("\n".join([*rows, f"{names} {public}"]) + "\n", encoding="utf-8")


def in_namespace(name: str, covers: Path, argv: list[str]) -> list[str]:
    """Return a command line that runs in a network namespace with the lab's name resolution.

    The files are mounted in a mount namespace of this one command, so nothing is left in `/etc`.
    """
    enter = ["nsenter", f"--net={namespaces.NETNS / name}", "--"]
    return [*enter, "unshare", "--mount", "--propagation=slave", "--", "sh", "-c", _COVER, str(covers), *argv]


def in_host(leader: int, argv: list[str]) -> list[str]:
    """Return a command line that runs in all namespaces of a host, as root with a clean environment."""
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
    return ["nsenter", f"--target={leader}", *spaces, "--", *clean_environment(), *argv]


def over_ssh(name: str, folder: Path, host: str, argv: list[str]) -> list[str]:
    """Return a command line that runs in a host with its own kernel: no namespace leads there, but ssh does."""
    terminal = "-t" if sys.stdin.isatty() and sys.stdout.isatty() else "-T"
    ssh = ["ssh", "-F", str(folder / "ssh_config"), terminal, "-o", "LogLevel=ERROR", host, "--"]
    return in_namespace(name, folder / "etc", [*ssh, shlex.join([*clean_environment(), *argv])])


def clean_environment() -> list[str]:
    """Return what leads a command in a host, so that the caller's environment does not reach it."""
    clean = ["env", "-i", "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    return [*clean, "LANG=C.UTF-8", f"TERM={os.environ.get('TERM', 'dumb')}"]


def environment(name: str, folder: Path) -> dict[str, str]:
    """Return what ansible and our own commands need to know in the control namespace."""
    return {
        VARIABLE: name,
        "ANSIBLE_SSH_ARGS": f"-F {folder / 'ssh_config'} -o ControlMaster=auto -o ControlPersist=120s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "ssh"),
    }


def replace_process(argv: list[str], extra: dict[str, str]) -> None:
    """Become another program; standard streams and working folder stay."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(argv[0], argv, os.environ | extra)  # noqa: S606 -- no shell is wanted
