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


def test_only_one_process_starts_or_stops_a_lab(tmp_path: Path) -> None:
    folder = tmp_path / "run/conclave/lab/a"
    with state.locked(folder), pytest.raises(ConclaveError, match="by another process"), state.locked(folder):
        pass


def test_an_empty_folder_goes_with_its_empty_parents(tmp_path: Path) -> None:
    with state.locked(tmp_path / "conclave/lab/a"):
        assert (tmp_path / "conclave/lab/a").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_stays(tmp_path: Path) -> None:
    with state.locked(tmp_path / "conclave/lab/a"):
        (tmp_path / "conclave/lab/a/file").touch()
    assert (tmp_path / "conclave/lab/a/file").exists()
