"""Hosts are known by their keys, as OpenSSH's own client knows them: each case is put to both."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from conclave.remote import UnknownKeyError, WrongKeyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab.remote.conftest import Hosts

    from conclave.remote.connection import Connection

    Connect = Callable[..., Connection]

pytestmark = pytest.mark.lab
ADDRESS = "192.0.2.67"


def keys(hosts: Hosts) -> dict[str, str]:
    """Return the keys of the host, and others of its types, as they stand in a known_hosts file."""
    right = {}
    for kind in ("ed25519", "rsa"):
        path = f"/etc/ssh/ssh_host_{kind}_key"
        hosts.on("other", f"[ -e {path} ] || {{ ssh-keygen -qN '' -t {kind} -f {path}; systemctl restart ssh; }}")
        right[kind] = " ".join(hosts.on("other", f"cat {path}.pub").split()[:2])
    wrong = {f"other-{kind}": changed(key) for kind, key in right.items()}
    return right | wrong


def changed(key: str) -> str:
    kind, text = key.split()
    blob = bytearray(b64decode(text))
    blob[-1] ^= 1
    return f"{kind} {b64encode(blob).decode()}"


CASES = {
    "accepted": ("{a} {ed25519}", None),
    "accepted by another type": ("{a} {rsa}", None),
    "one of several": ("{a} {other-ed25519}\n{a} {ed25519}", None),
    "among names and patterns": ("other.example,192.0.2.6?,!192.0.2.68 {ed25519}", None),
    "behind nonsense": ("# {a} {other-ed25519}\n@what {a} {other-ed25519}\n{a}\n{a} ssh-x AAAA\n{a} {ed25519}", None),
    "nothing known": ("", UnknownKeyError),
    "another host's": ("192.0.2.1 {ed25519}", UnknownKeyError),
    "excluded by a pattern": ("192.0.2.*,!{a} {ed25519}", UnknownKeyError),
    "only another port's": ("[{a}]:2222 {ed25519}", UnknownKeyError),
    "changed": ("{a} {other-ed25519}", WrongKeyError),
    "changed, known by another type": ("{a} {other-rsa}", WrongKeyError),
    "revoked": ("{a} {ed25519}\n@revoked {a} {ed25519}", WrongKeyError),
    "an authority's": ("@cert-authority {a} {ed25519}", UnknownKeyError),
}


@pytest.mark.parametrize("case", CASES)
def test_a_key_is_judged_as_ssh_judges_it(hosts: Hosts, connect: Connect, known_hosts: Path, case: str) -> None:
    text, refused = CASES[case]
    known_hosts.write_text(text.format(a=ADDRESS, **keys(hosts)) + "\n", encoding="utf-8")
    option = f"UserKnownHostsFile={known_hosts}"
    accepts = hosts.ssh("-o", option, "-o", "ControlPath=none", ADDRESS, "true").returncode == 0
    assert accepts == (refused is None)
    if refused is None:
        assert connect("other").run("true").status == 0
        return
    with pytest.raises(refused) as caught:
        connect("other")
    assert caught.value.login.name == "other"


PORTS = {
    "with its port": ("[{a}]:2222 {ed25519}", None),
    "without its port": ("{a} {ed25519}", None),
    "changed without its port": ("{a} {other-ed25519}", UnknownKeyError),
    "right without, changed with its port": ("[{a}]:2222 {other-ed25519}\n{a} {ed25519}", WrongKeyError),
}


@pytest.mark.parametrize("case", PORTS)
def test_at_another_port_too(hosts: Hosts, connect: Connect, known_hosts: Path, case: str) -> None:
    text, refused = PORTS[case]
    known_hosts.write_text(text.format(a=ADDRESS, **keys(hosts)) + "\n", encoding="utf-8")
    done = hosts.ssh("-o", f"UserKnownHostsFile={known_hosts}", "-o", "ControlPath=none", "-p", "2222", ADDRESS, "true")
    assert (done.returncode == 0) == (refused is None)
    if refused is None:
        assert connect("other", port=2222).run("true").status == 0
        return
    with pytest.raises(refused):
        connect("other", port=2222)


def test_the_fingerprints_are_those_that_the_console_shows(hosts: Hosts, connect: Connect, known_hosts: Path) -> None:
    shown = hosts.on("other", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    known_hosts.write_text("", encoding="utf-8")
    with pytest.raises(UnknownKeyError) as unknown:
        connect("other")
    assert unknown.value.key.fingerprint == shown
    known_hosts.write_text(f"{ADDRESS} {keys(hosts)['other-ed25519']}\n", encoding="utf-8")
    with pytest.raises(WrongKeyError) as wrong:
        connect("other")
    assert wrong.value.key.fingerprint == shown
    assert wrong.value.accepted is not None
    assert wrong.value.expected == wrong.value.accepted.fingerprint != shown
