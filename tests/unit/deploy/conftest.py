"""A small project whose hosts are this machine, for what is about running Ansible and not about hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PLAY = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Say something
      ansible.builtin.command: echo "{{ secret_word }}"
    - name: Wait for the end
      ansible.builtin.command: tail --pid={{ until }} -f /dev/null
      when: until | int > 0
    - name: Fail
      ansible.builtin.fail: {msg: as planned}
      when: fail | bool
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with the playbook `toy.yml` and the site `toy` of one local host."""
    root = tmp_path / "project"
    for folder in ("roles", "playbooks", "inventories/toy/group_vars/all"):
        (root / folder).mkdir(parents=True)
    (root / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    (root / "playbooks" / "toy.yml").write_text(PLAY, encoding="utf-8")
    (root / "inventories" / "toy" / "hosts.yml").write_text(
        "all: {hosts: {here: {ansible_connection: local}}, vars: {until: 0, fail: false, secret_word: hush-hush}}\n",
        encoding="utf-8",
    )
    password = tmp_path / "config" / "conclave" / "sites" / "toy" / "vault-password"
    password.parent.mkdir(parents=True)
    password.write_text("x\n", encoding="utf-8")
    monkeypatch.setenv("CONCLAVE_HOME", str(root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    return root
