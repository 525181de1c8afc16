"""Places on real hosts, where no lab prepares anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.site import read
from conclave.verify import places

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_folder_of_ssh_s_sockets_is_made_where_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ANSIBLE_SSH_CONTROL_PATH_DIR", raising=False)
    site = read.load("sample")
    places.Host(site.hosts[0], site)
    assert (tmp_path / "conclave/ssh").stat().st_mode & 0o777 == 0o700


def test_without_a_lab_the_control_node_does_not_pass_for_a_user() -> None:
    assert places.users(None).name == "mgmt"
