"""The record of a lab outlives its process and tells a dead one from a living one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.lab import namespaces, state
from conclave.lab.hosts import Process

if TYPE_CHECKING:
    from pathlib import Path


def claim(boot: str = "") -> state.Claim:
    own = Process(os.getpid(), namespaces.start_time(os.getpid()) or 0)
    return state.Claim("/checkout", "/definition", "/base", boot or state.boot_id(), ready=True, hosts={"rt": own})


def test_a_record_is_read_as_written(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    state.write(tmp_path, claim())
    assert state.read(tmp_path) == claim()


def test_a_record_cut_short_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "claim.json").write_text('{"checkout":', encoding="utf-8")
    assert state.read(tmp_path) is None


def test_a_process_number_used_again_is_not_the_host() -> None:
    assert claim().living == ["rt"]
    again = claim()
    again.hosts["rt"] = Process(os.getpid(), 1)
    assert again.living == []


def test_nothing_lives_after_a_reboot() -> None:
    assert claim(boot="another").living == []


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "max_user_instances"
    file.write_text("128\n", encoding="utf-8")
    monkeypatch.setattr(state, "INOTIFY", file)
    return file


@pytest.fixture
def folder(tmp_path: Path, limit: Path) -> Path:
    assert limit.exists()
    return tmp_path / "run/conclave/lab/a"


def test_only_one_process_starts_or_stops_a_lab(folder: Path) -> None:
    with state.locked(folder, "busy"), pytest.raises(ConclaveError, match="busy"), state.locked(folder, "busy"):
        pass


def test_an_empty_folder_goes_with_its_empty_parents(folder: Path) -> None:
    (folder.parents[2]).mkdir()
    with state.locked(folder, "busy"):
        assert folder.is_dir()
    assert list(folder.parents[2].iterdir()) == []


def test_a_folder_in_use_stays(folder: Path) -> None:
    with state.locked(folder, "busy"):
        (folder / "file").touch()
    assert (folder / "file").exists()


def test_the_machines_limit_is_raised_for_the_first_lab_and_restored_by_the_last(folder: Path, limit: Path) -> None:
    other = folder.with_name("b")
    for lab in (folder, other):
        with state.locked(lab, "busy"):
            (lab / "file").touch()
            assert int(limit.read_text(encoding="utf-8")) == state.INOTIFY_INSTANCES
    for lab, expected in ((folder, state.INOTIFY_INSTANCES), (other, 128)):
        with state.locked(lab, "busy"):
            (lab / "file").unlink()
        assert int(limit.read_text(encoding="utf-8")) == expected
