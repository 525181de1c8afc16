"""Keys are accepted once, where ssh finds them, and shown as the host's console shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave.remote import UnknownKeyError, UnreachableError, WrongKeyError, trust
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.remote.conftest import Hosts

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("name", "changes"),
    [("plain", {}), ("other", {"port": 2222}), ("behind", {"jump": "root@192.0.2.66"})],
)
def test_a_key_is_shown_then_accepted_then_known(
    hosts: Hosts, known_hosts: Path, name: str, changes: dict[str, object]
) -> None:
    login = hosts.login(name, **changes)
    shown = hosts.on(name, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    # The way there stays known by the lab's own file.
    known_hosts.write_text("", encoding="utf-8")
    offer = trust.offered(login)
    assert (offer.key.fingerprint, offer.known) == (shown, False)
    with pytest.raises(UnknownKeyError):
        Connection(login)
    trust.accept(offer)
    assert trust.offered(login).known
    with Connection(login) as connection:
        assert connection.run("hostname").out == f"{name}\n"
    words = ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "ControlPath=none", *login.arguments]
    assert hosts.ssh(*words, "hostname").stdout == f"{name}\n"


def test_another_key_than_the_accepted_one_is_never_offered(hosts: Hosts, known_hosts: Path) -> None:
    login = hosts.login("plain")
    line = trust.offered(hosts.login("other", port=2222)).key.line("192.0.2.66")
    known_hosts.write_text(line, encoding="utf-8")
    with pytest.raises(WrongKeyError, match="plain: it shows another key than the accepted one: SHA256:"):
        trust.offered(login)


def test_who_does_not_answer_shows_no_key(hosts: Hosts) -> None:
    with pytest.raises(UnreachableError, match="refused"):
        trust.offered(hosts.login("plain", port=4))
