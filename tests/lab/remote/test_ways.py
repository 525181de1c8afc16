"""Ways into a host: another port, through another host, and what ssh's configuration says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave.remote import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab.remote.conftest import Hosts

    from conclave.remote.connection import Connection

    Connect = Callable[..., Connection]

pytestmark = pytest.mark.lab
JUMP = "root@192.0.2.66"


def came_from(connection: Connection) -> str:
    """Return the address that the host sees us at."""
    return connection.run("sh", "-c", 'echo "${SSH_CONNECTION%% *}"').out.strip()


def test_another_port_is_reached_by_a_key_known_without_port(connect: Connect) -> None:
    connection = connect("other", port=2222)
    assert connection.run("sh", "-c", 'echo "${SSH_CONNECTION##* }"').out == "2222\n"


def test_the_third_host_answers_nobody_but_the_first(connect: Connect) -> None:
    with pytest.raises(UnreachableError, match=r"no answer within 1 s|timed out"):
        connect("behind", 1.0)


@pytest.mark.parametrize("jump", [JUMP, "plain", "root@other:2222,root@192.0.2.66:22"])
def test_a_host_behind_others_is_reached_through_them(connect: Connect, jump: str) -> None:
    assert came_from(connect("behind", jump=jump)) == "192.0.2.66"


@pytest.mark.parametrize(
    "words",
    [("-J", JUMP), ("-o", f"ProxyJump={JUMP}"), ("-o", "ProxyCommand=ssh -F {config} -W %h:%p -q root@192.0.2.66")],
)
def test_the_inventory_s_words_for_ssh_lead_there_too(hosts: Hosts, connect: Connect, words: tuple[str, ...]) -> None:
    options = tuple(word.format(config=hosts.lab.ssh_config) for word in words)
    assert came_from(connect("behind", options=options)) == "192.0.2.66"


def test_ssh_s_configuration_leads_there_too(
    hosts: Hosts, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"Host wall\n HostName 192.0.2.68\n HostKeyAlias behind\n ProxyJump {JUMP}\n\n"
    file = tmp_path / "ssh_config"
    file.write_text(own + hosts.lab.ssh_config.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_SSH_ARGS", f"-F {file} -o ControlMaster=auto")
    assert came_from(connect("behind", address="wall")) == "192.0.2.66"


def test_what_fails_on_the_way_is_said(connect: Connect) -> None:
    with pytest.raises(UnreachableError, match=r"Permission denied"):
        connect("behind", jump="games@192.0.2.66")
    with pytest.raises(UnreachableError, match="Connection refused"):
        connect("behind", port=4, jump=JUMP)


def test_a_configuration_that_ssh_refuses_is_said(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_SSH_ARGS", "-o NoSuchOption=yes")
    with pytest.raises(UnreachableError, match=r"ssh refuses its own configuration.*nosuchoption"):
        connect("plain")
