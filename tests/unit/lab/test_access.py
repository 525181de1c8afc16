"""Ways into a lab."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from conclave.errors import ConclaveError
from conclave.lab import Lab, access, enter
from conclave.lab.definition import load

INVENTORY = Path(__file__).parents[3] / "inventories/lab"


def test_ssh_knows_every_host_and_asks_nobody(tmp_path: Path) -> None:
    definition = load(INVENTORY)
    access.prepare(definition, tmp_path)
    access.remember(tmp_path, definition.hosts[0], "ssh-ed25519 OLD")
    access.remember(tmp_path, definition.hosts[0], "ssh-ed25519 NEW")
    config = (tmp_path / "ssh_config").read_text(encoding="utf-8")
    assert "Host edge1\n  HostName 192.0.2.2\n" in config
    assert "StrictHostKeyChecking yes" in config
    known = (tmp_path / "known_hosts").read_text(encoding="utf-8")
    assert known == "rt,192.0.2.129,2001:db8:1:5::1 ssh-ed25519 NEW\n"
    assert stat.S_IMODE((tmp_path / "id_ed25519").stat().st_mode) == 0o600


def test_names_are_resolved_by_the_site_alone(tmp_path: Path) -> None:
    access.prepare(load(INVENTORY), tmp_path)
    covered = tmp_path / "etc"
    assert (covered / "resolv.conf").read_text() == "nameserver 192.0.2.66\nsearch conf.lab.example\n"
    assert "hosts: files dns\n" in (covered / "nsswitch.conf").read_text()


def test_outsiders_know_the_public_names_and_ask_nobody(tmp_path: Path) -> None:
    access.prepare(load(INVENTORY), tmp_path)
    outside = tmp_path / "etc-outside"
    assert (outside / "resolv.conf").read_text() == ""
    names = {row.split()[0]: row.split()[1:] for row in (outside / "hosts").read_text().splitlines()}
    public = ["media.conf.lab.example", "meet.conf.lab.example", "sso.conf.lab.example", "turn.conf.lab.example"]
    # IPv4 is translated by the router, IPv6 leads to the edge itself.
    assert names["203.0.113.1"] == names["2001:db8:1:1::2"] == public
    assert "192.0.2.2" not in names


def test_outsiders_know_the_relay_of_each_media_host(tmp_path: Path) -> None:
    access.prepare(load(INVENTORY.parent / "cluster"), tmp_path)
    names = (tmp_path / "etc-outside/hosts").read_text().split()
    assert {"media1.turn.cluster.lab.example", "media2.turn.cluster.lab.example"} <= set(names)


def test_the_environment_of_the_caller_does_not_reach_a_host() -> None:
    line = access.in_host(4711, ["id"])
    assert line[0] == "nsenter"
    assert line[line.index("env") : line.index("env") + 2] == ["env", "-i"]


@pytest.mark.parametrize("name", ["", "Lab", "a" * 21, "a.b", "-a", "../a"])
def test_a_name_that_namespaces_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ConclaveError, match="cannot be named"):
        Lab(name)


def test_inside_the_lab_there_is_nothing_to_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCLAVE_LAB", "b")
    enter("lab", "b")
    enter("lab")
    with pytest.raises(ConclaveError, match="inside lab 'b'"):
        enter("lab", "a")


def test_a_site_on_real_hosts_has_no_lab_to_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventories/real").mkdir(parents=True)
    (tmp_path / "roles").mkdir()
    for name in ("ansible.cfg", "inventories/real/site.yml"):
        (tmp_path / name).touch()
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path))
    before = dict(os.environ)
    enter("real")
    assert dict(os.environ) == before
