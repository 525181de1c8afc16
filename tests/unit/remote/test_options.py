"""What ssh's configuration says of a login is asked of ssh."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from conclave.remote import Login, UnreachableError
from conclave.remote.options import options

LOGIN = Login("core1", "192.0.2.2", 2222, "ops")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "ssh_config"
    file.touch()
    monkeypatch.setenv("ANSIBLE_SSH_ARGS", f"-F {file} -o ControlMaster=auto")
    return file


def test_the_login_itself_is_what_counts_first(config: Path) -> None:
    config.write_text("Host *\n  Port 4\n  User x\n  IdentityFile /a\n  IdentitiesOnly yes\n", encoding="utf-8")
    found = options(LOGIN)
    assert (found.host, found.port, found.user) == ("192.0.2.2", 2222, "ops")
    assert found.key_name == "[192.0.2.2]:2222"
    assert found.identities == (Path("/a"),)
    assert found.only_identities
    assert not found.program


def test_another_name_and_an_alias_for_the_key_come_from_the_configuration(config: Path) -> None:
    config.write_text("Host 192.0.2.2\n  HostName Core1.Example\n  HostKeyAlias One\n", encoding="utf-8")
    found = options(LOGIN)
    assert (found.host, found.key_name) == ("core1.example", "one")


@pytest.mark.parametrize(
    ("jump", "program"),
    [
        ("gate", "-W [192.0.2.2]:2222 ssh://gate"),
        ("ops@gate:2200", "-W [192.0.2.2]:2222 ssh://ops@gate:2200"),
        ("a,ops@[2001:db8::1]:22", "-J a -W [192.0.2.2]:2222 ssh://ops@[2001:db8::1]:22"),
    ],
)
def test_a_jump_host_is_reached_by_ssh_with_the_same_configuration(config: Path, jump: str, program: str) -> None:
    found = options(Login("core1", "192.0.2.2", 2222, "ops", jump=jump))
    assert shlex.split(found.program) == ["ssh", "-F", str(config), "-o", "BatchMode=yes", *program.split()]


def test_a_proxy_command_is_told_the_host(config: Path) -> None:
    config.write_text("Host *\n  ProxyCommand way %h %p %r %n 100%%\n", encoding="utf-8")
    assert options(LOGIN).program == "way 192.0.2.2 2222 ops 192.0.2.2 100%"
    assert not options(Login("core1", "192.0.2.2", options=("-o", "ProxyCommand=none"))).program


def test_a_configuration_that_ssh_refuses_is_said(config: Path) -> None:
    config.write_text("Nonsense yes\n", encoding="utf-8")
    with pytest.raises(UnreachableError, match=r"core1: ssh refuses its own configuration: .*nonsense"):
        options(LOGIN)
