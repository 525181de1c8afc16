"""A project that others could have put there does not run with an operator's rights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

STRANGER = 4242
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project folder, with the current directory in it."""
    monkeypatch.delenv("CONCLAVE_HOME", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)
    (tmp_path / "roles/base").mkdir(parents=True)
    (tmp_path / "ansible.cfg").touch()
    for path in (tmp_path, tmp_path / "roles", tmp_path / "ansible.cfg"):
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path / "roles/base")
    return tmp_path


def test_a_project_above_the_current_directory_is_found(project: Path) -> None:
    assert project_root() == project


@as_root
@pytest.mark.parametrize("name", [".", "roles", "ansible.cfg"])
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "said"),
    [
        (0o757, 0, 0, "may be changed by everybody"),
        (0o775, 0, STRANGER, "may be changed by the group 4242"),
        (0o755, STRANGER, 0, "belongs to the account 4242"),
    ],
)
def test_a_project_that_others_may_change_is_refused(
    project: Path, name: str, mode: int, uid: int, gid: int, said: str
) -> None:
    path = (project / name).resolve()
    os.chown(path, uid, gid)
    path.chmod(mode)
    with pytest.raises(ConclaveError) as caught:
        project_root()
    assert caught.value.found == f"{path} {said}"
    assert f"CONCLAVE_HOME={project}" in caught.value.todo


@as_root
def test_a_project_that_its_owner_s_own_group_may_change_is_found(project: Path) -> None:
    project.chmod(0o775)
    assert project_root() == project


@as_root
def test_a_project_is_trusted_by_name_or_as_that_of_whoever_called_sudo(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(project, STRANGER, -1)
    monkeypatch.setenv("SUDO_UID", str(STRANGER))
    assert project_root() == project
    monkeypatch.delenv("SUDO_UID")
    monkeypatch.setenv("CONCLAVE_HOME", str(project))
    assert project_root() == project
