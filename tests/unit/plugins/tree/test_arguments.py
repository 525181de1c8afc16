"""What roles are given is compared with what they ask for, once for all, through a real ansible-playbook run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[4]


class Roles:
    """Two roles in a temporary folder, of which ``web`` depends on ``server``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.add(
            "web",
            {
                "web_port": {"type": "int", "required": True},
                "web_mode": {"type": "str", "choices": ["open", "closed"]},
                "web_key": {"type": "int", "no_log": True},
            },
            {"web_mode": "{{ 'op' ~ 'en' }}"},
            dependencies=[{"role": "server"}],
        )
        self.add("server", {"server_name": {"type": "str", "required": True}}, {})

    def add(
        self,
        name: str,
        options: dict[str, Any],
        defaults: dict[str, Any],
        dependencies: list[dict[str, str]] | None = None,
    ) -> None:
        """Write a role."""
        role = self.folder / "roles" / name
        for part in ("meta", "defaults", "tasks"):
            (role / part).mkdir(parents=True)
        (role / "meta/argument_specs.yml").write_text(json.dumps({"argument_specs": {"main": {"options": options}}}))
        (role / "meta/main.yml").write_text(json.dumps({"dependencies": dependencies or []}))
        (role / "defaults/main.yml").write_text(json.dumps(defaults))
        (role / "tasks/main.yml").write_text(f"- name: Run {name}\n  ansible.builtin.debug: {{msg: {name} ran}}\n")

    def check(self, variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Check ``web`` on two hosts."""
        tasks = [{"name": "Check", "conclave_arguments": {"roles": ["web"]}}]
        play = [{"name": "Test", "hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (self.folder / "play.yml").write_text(json.dumps(play))
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_ROLES_PATH": str(self.folder / "roles"),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "one,two", "-e", json.dumps(variables)]
        command.append(str(self.folder / "play.yml"))
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    """Give the two roles."""
    return Roles(tmp_path)


def test_values_that_fit_pass_and_no_role_runs(roles: Roles) -> None:
    done = roles.check({"web_port": "443", "server_name": "{{ inventory_hostname }}"})
    assert done.returncode == 0, done.stdout
    assert "ran" not in done.stdout


def test_every_wrong_value_of_every_role_is_told_with_the_name_of_its_role(roles: Roles) -> None:
    done = roles.check({"web_port": "many", "web_mode": "ajar"})
    assert done.returncode == 2
    assert "role web: argument 'web_port' is of type" in done.stdout
    assert "role web: value of web_mode must be one of: open, closed, got: ajar" in done.stdout
    # Not asked for by name, but web cannot run without it.
    assert "role server: missing required arguments: server_name" in done.stdout


def test_a_value_that_cannot_be_evaluated_names_role_and_variable(roles: Roles) -> None:
    done = roles.check({"web_port": "{{ port_of_nobody }}", "server_name": "one"})
    assert done.returncode == 2
    assert "role web: web_port: 'port_of_nobody' is undefined" in done.stdout
    assert "missing required arguments" not in done.stdout


def test_a_secret_of_the_wrong_kind_is_not_shown(roles: Roles) -> None:
    done = roles.check({"web_port": 1, "server_name": "one", "web_key": "hush-hush"})
    assert done.returncode == 2
    assert "role web: argument 'web_key' is of type" in done.stdout
    assert "hush-hush" not in done.stdout


def test_the_playbook_checks_the_roles_of_every_host_first_and_only_once() -> None:
    first, *plays = yaml.safe_load((ROOT / "playbooks/deploy.yml").read_text())
    assert first["hosts"] == "all"
    assert first["tags"] == "always"
    assert "conclave_arguments" in first["tasks"][0]
    for play in plays:
        # The roles keyword has no way to leave Ansible's own check out.
        assert "roles" not in play, play["name"]
        for task in play["tasks"]:
            role = task["ansible.builtin.import_role"]
            assert role["rolespec_validate"] is False, f"{play['name']}: {role['name']}"
