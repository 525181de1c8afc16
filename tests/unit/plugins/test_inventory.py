"""Plain Ansible gets the site as `conclave` reads it: the same hosts, the same values, the same findings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.sites import HOSTS, LAB, rules
from tests.unit.site import shapes

from conclave.catalog import Catalog
from conclave.paths import project_root
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path


def ask(folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask Ansible what it makes of an inventory folder, as an operator would."""
    return subprocess.run(
        ["ansible-inventory", "-i", str(folder), "--list"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project_root(),
        env=os.environ | {"ANSIBLE_CONFIG": str(project_root() / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
    )


def listed(folder: Path) -> dict[str, Any]:
    done = ask(folder)
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def parsed(text: str) -> dict[str, Any]:
    """Read Ansible's JSON, in which a text that is no template is an object."""
    found: dict[str, Any] = json.loads(text, object_hook=lambda value: value.get("__ansible_unsafe", value))
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the lab's inventory."""
    folder = tmp_path / "inventories" / "lab"
    folder.mkdir(parents=True)
    for name in ("site.yml", "hosts.yml", "lab.yml"):
        shutil.copy(project_root() / "inventories/lab" / name, folder)
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_host_is_reached_by_its_former_way_while_that_is_the_only_one(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(copy, "hosts.yml", "ansible_host: 192.0.2.34", "ansible_host: 192.0.2.35, ansible_port: 2222")
    monkeypatch.setenv("CONCLAVE_FORMER_WAYS", '{"media1": {"address": "192.0.2.34", "port": 22}}')
    known = listed(copy)["_meta"]["hostvars"]
    assert (known["media1"]["ansible_host"], known["media1"]["ansible_port"]) == ("192.0.2.34", 22)
    assert known["media1"]["conclave_host"]["ssh"] == {"host": "192.0.2.35", "port": 2222}
    assert "tcp dport 2222" in known["media1"]["conclave_host"]["rules"]
    assert known["core1"]["ansible_host"] == "192.0.2.66"


def test_a_linked_hosts_file_belongs_to_the_site_beside_the_link(copy: Path) -> None:
    (copy / "hosts.yml").unlink()
    (copy / "hosts.yml").symlink_to(project_root() / "inventories/lab/hosts.yml")
    change(copy, "site.yml", "trust: own", "trust: supplied")
    hosts = listed(copy)["_meta"]["hostvars"]
    assert {found["conclave"]["site"]["trust"] for found in hosts.values()} == {"supplied"}


def test_hosts_groups_and_derived_values_are_those_of_the_site(copy: Path) -> None:
    found = listed(copy)
    known = found["_meta"]["hostvars"]
    assert set(known) == set(HOSTS)
    assert found["media"]["hosts"] == ["media1"]
    assert known["core1"]["conclave"]["address"]["edge"] == ["192.0.2.2"]
    assert known["edge1"]["conclave_host"]["rules"] == rules(Catalog.load(), LAB, "edge1")
    assert known["edge1"]["conclave_host"]["shown"][0] == "203.0.113.1"
    assert known["rt"]["ansible_user"] == "root"


def test_several_hosts_of_a_role_reach_the_roles_as_lists(tmp_path: Path) -> None:
    known = listed(shapes.write(tmp_path, "several"))["_meta"]["hostvars"]
    assert known["core1"]["conclave"]["address"]["media"] == ["10.40.0.12", "10.40.0.14"]
    assert known["media2"]["conclave_host"]["shown"] == ["203.0.113.3"]


def test_a_wrong_site_is_told_to_plain_ansible_as_by_site_check(copy: Path) -> None:
    change(copy, "site.yml", "language: de", "language: fr")
    change(copy, "hosts.yml", "192.0.2.66", "192.0.2.2")
    done = ask(copy)
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    for finding in read.check_folder(copy).findings:
        assert " ".join(str(finding).split()) in said


def test_yaml_means_the_same_to_both_readers(copy: Path) -> None:
    change(copy, "site.yml", "up: 50", "up: 0100")
    site = read.load_folder(copy)
    known = listed(copy)["_meta"]["hostvars"]["core1"]["conclave"]["site"]
    assert known["uplink"]["up"] == site.answers.uplink.up == 100


def test_a_site_folder_from_before_a_renaming_works_and_is_told_the_new_name(copy: Path) -> None:
    change(copy, "site.yml", "uplink: {", "uplink: {clocks: [203.0.113.9], ")
    done = ask(copy)
    assert done.returncode == 0, done.stderr
    assert "uplink.ntp_servers, its new name" in " ".join(done.stderr.split())
    known = parsed(done.stdout)["_meta"]["hostvars"]["core1"]
    assert known["conclave"]["site"]["uplink"]["ntp_servers"] == ["203.0.113.9"]


def test_variables_of_nested_groups_reach_the_hosts_below(copy: Path) -> None:
    change(
        copy,
        "hosts.yml",
        "    core:\n      hosts:\n",
        '    core:\n      vars: {base_shell: \'{{ "ba" ~ "sh" }}\'}\n      hosts:\n',
    )
    assert listed(copy)["_meta"]["hostvars"]["core1"]["base_shell"] == '{{ "ba" ~ "sh" }}'


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("catalog_ports", "the site's own files and the catalogue say it"),
        ("conclave_host", "the site's own files and the catalogue say it"),
        ("livekit_udp_port", "the site's own files and the catalogue say it"),
        ("ansible_port", "this variable in hosts.yml"),
    ],
)
def test_a_variable_that_would_part_firewall_and_service_is_refused(copy: Path, variable: str, expected: str) -> None:
    (copy / "group_vars/media").mkdir(parents=True)
    (copy / "group_vars/media/own.yml").write_text(f"{variable}: 7999\n", encoding="utf-8")
    (finding,) = read.check_folder(copy).findings
    assert finding.file == "inventories/lab/group_vars/media/own.yml"
    assert expected in finding.expected
    assert ask(copy).returncode != 0


def test_other_variables_and_encrypted_ones_are_the_sites_own(copy: Path) -> None:
    (copy / "group_vars/all").mkdir(parents=True)
    (copy / "group_vars/all/own.yml").write_text("livekit_log_level: debug\n", encoding="utf-8")
    (copy / "group_vars/all/secrets.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n", encoding="utf-8")
    assert read.check_folder(copy).findings == []
