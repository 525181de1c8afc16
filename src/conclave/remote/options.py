"""What ssh's own configuration says of a login: ssh is asked, so the answer is what Ansible will use."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.remote.errors import UnreachableError
from conclave.remote.known_hosts import STANDARD_PORT, Known, known, name_of

if TYPE_CHECKING:
    from conclave.remote.known_hosts import HostKey, Verdict
    from conclave.remote.login import Login

_SECONDS = 10.0
# What Ansible puts before the words of the inventory.
_VARIABLES = ("ANSIBLE_SSH_ARGS", "ANSIBLE_SSH_COMMON_ARGS")


@dataclass(frozen=True)
class Options:
    """What a connection needs to know.

    Parameters
    ----------
    key_name:
        The name under which the host's key stands in the known_hosts files.
    key_types:
        Types of host keys, the preferred one first.
    program:
        A shell command whose streams are the connection; empty for a connection of our own.
    """

    host: str
    port: int
    user: str
    key_name: str
    known_hosts: tuple[Path, ...]
    key_types: tuple[str, ...]
    identities: tuple[Path, ...]
    only_identities: bool
    program: str

    def accepted(self) -> Known:
        """Return what the known_hosts files say of the host."""
        return known(self.key_name, self.known_hosts)

    def judge(self, key: HostKey) -> Verdict:
        """Judge the key that the host shows. At another port, a host may also be known by its name alone."""
        verdict = self.accepted().judge(key)
        named_with_port = self.key_name == name_of(self.host, self.port) != name_of(self.host, STANDARD_PORT)
        if verdict == "unknown" and named_with_port:
            alone = known(name_of(self.host, STANDARD_PORT), self.known_hosts).judge(key)
            return alone if alone in {"accepted", "revoked"} else verdict
        return verdict


def options(login: Login) -> Options:
    """Ask ssh.

    Raises
    ------
    UnreachableError
        When ssh refuses its own configuration.
    """
    before = [word for variable in _VARIABLES for word in shlex.split(os.environ.get(variable, ""))]
    words = [*before, *login.arguments]
    done = subprocess.run(["ssh", "-G", *words], capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        raise UnreachableError(login, f"ssh refuses its own configuration: {done.stderr.strip()}")
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(value)

    def one(name: str) -> str:
        return found.get(name, [""])[0]

    host, port, user = one("hostname"), int(one("port")), one("user")
    files = [*found.get("userknownhostsfile", []), *found.get("globalknownhostsfile", [])]
    return Options(
        host=host,
        port=port,
        user=user,
        key_name=one("hostkeyalias").lower() or name_of(host, port),
        known_hosts=tuple(Path(file).expanduser() for part in files for file in part.split()),
        key_types=tuple(one("hostkeyalgorithms").split(",")),
        identities=tuple(Path(name).expanduser() for name in found.get("identityfile", [])),
        only_identities=one("identitiesonly") == "yes",
        program=_program(one("proxyjump"), one("proxycommand"), words, (host, port, user, login.address)),
    )


def _program(jump: str, command: str, words: list[str], target: tuple[str, int, str, str]) -> str:
    """Return the command that leads to the host: for ProxyJump, the one that ssh would run itself (ssh.c)."""
    if jump not in {"", "none"}:
        before, _, last = jump.rpartition(",")
        through = ["ssh", *_configuration(words), "-o", "BatchMode=yes", *(["-J", before] if before else [])]
        return shlex.join([*through, "-W", f"[{target[0]}]:{target[1]}", f"ssh://{last.removeprefix('ssh://')}"])
    if command in {"", "none"}:
        return ""
    host, port, user, given = target
    tokens = {"%": "%", "h": host, "p": str(port), "r": user, "n": given}
    return re.sub(r"%([%hprn])", lambda found: tokens[found[1]], command)


def _configuration(words: list[str]) -> list[str]:
    """Return the words that name a configuration file: the only ones ssh hands on to a jump host."""
    for index, word in enumerate(words):
        if word == "-F":
            return words[index : index + 2]
        if word.startswith("-F"):
            return [word]
    return []
