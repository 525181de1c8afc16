"""What deployments have placed is remembered on the control node, role by role, without contents."""

from __future__ import annotations

import base64
import hashlib
import stat
from typing import TYPE_CHECKING, Any

import pytest

from conclave import placed
from conclave.contents import NAME, Contents, PackageContents
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"password: do-not-keep\n"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for variable in placed.LABS:
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "conclave/sites/demo"


def file(path: str, content: bytes = SECRET) -> dict[str, Any]:
    text = base64.b64encode(content).decode()
    return {"path": path, "state": "file", "content": text, "owner": "root", "group": "root", "mode": "640"}


def test_a_file_is_known_by_its_hash_owner_and_mode() -> None:
    placed.record("demo", "h1", "edge", [file("etc/a")], ["a.service"])
    found = placed.load("demo", "h1", ["edge"])
    digest = hashlib.sha256(SECRET).hexdigest()
    assert found.files == {"/etc/a": placed.PlacedFile(sha256=digest, owner="root", group="root", mode="0640")}
    assert found.units == ["a.service"]


def test_no_content_is_kept_and_nobody_else_reads_the_record(state: Path) -> None:
    placed.record("demo", "h1", "edge", [file("etc/a")], [])
    record = state / "placed/h1.json"
    assert "do-not-keep" not in record.read_text(encoding="utf-8")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert sorted(one.name for one in record.parent.iterdir()) == [".lock", "h1.json"]


def test_a_role_that_is_placed_again_forgets_what_it_placed_before() -> None:
    placed.record("demo", "h1", "edge", [file("etc/a"), file("etc/b")], [])
    placed.record("demo", "h1", "base", [file("etc/c")], [])
    placed.record("demo", "h1", "edge", [file("etc/b")], [])
    assert sorted(placed.load("demo", "h1", ["edge", "base"]).files) == ["/etc/b", "/etc/c"]


def test_links_and_what_must_be_gone_are_known_and_what_a_host_makes_itself_is_not() -> None:
    items = [
        {"path": "etc/l", "state": "link", "target": "/dev/null"},
        {"path": "etc/gone", "state": "absent"},
        {"path": "etc/first", "state": "initial", "command": "x"},
        {"path": "etc/folder", "state": "exclusive"},
    ]
    placed.record("demo", "h1", "edge", items, [])
    found = placed.load("demo", "h1", ["edge"])
    assert (found.links, found.absent, found.files) == ({"/etc/l": "/dev/null"}, ["/etc/gone"], {})


def test_what_one_role_takes_away_and_another_places_is_there() -> None:
    placed.record("demo", "h1", "old", [{"path": "etc/a", "state": "absent"}], [])
    placed.record("demo", "h1", "new", [file("etc/a")], [])
    assert placed.load("demo", "h1", ["old", "new"]).absent == []


def test_a_role_that_a_host_has_no_longer_does_not_count() -> None:
    placed.record("demo", "h1", "edge", [file("etc/a")], [])
    assert placed.load("demo", "h1", ["core"]).files == {}


@pytest.mark.parametrize("variable", ["CONCLAVE_LAB", "CONCLAVE_SSH_LAB"])
def test_a_lab_has_a_record_of_its_own(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    placed.record("demo", "h1", "edge", [file("etc/a")], [])
    monkeypatch.setenv(variable, "other")
    with pytest.raises(ConclaveError, match="no record of what was placed on h1"):
        placed.load("demo", "h1", ["edge"])


def test_folders_that_a_service_reads_as_a_whole_are_known() -> None:
    whole = {"path": "etc/nginx/conclave.d", "state": "whole"}
    placed.record("demo", "h1", "nginx", [whole, file("etc/nginx/conclave.d/a")], [])
    placed.record("demo", "h1", "base", [file("etc/b")], [])
    assert placed.load("demo", "h1", ["nginx", "base"]).folders == ["/etc/nginx/conclave.d"]


def test_what_packages_hold_is_known_when_the_bundle_is_gone(tmp_path: Path, state: Path) -> None:
    bundle = tmp_path / NAME
    for host, version in (("h1", "1"), ("h2", "1"), ("h1", "2")):
        held = Contents(packages={"conclave-web": PackageContents(version=version)})
        bundle.write_text(held.model_dump_json())
        placed.record("demo", host, "base", [], [], ["conclave-web"], bundle)
    bundle.unlink()
    for host, version in (("h1", "2"), ("h2", "1")):
        known = placed.load("demo", host, ["base"])
        assert known.packages == ["conclave-web"]
        assert placed.contents("demo", host, known).packages["conclave-web"].version == version
    bundle.write_text(held.model_dump_json())
    placed.record("demo", "h2", "base", [], [], [], bundle)
    assert len(list((state / "placed/contents").iterdir())) == 1


def test_what_packages_hold_is_not_taken_from_a_damaged_or_older_record(tmp_path: Path, state: Path) -> None:
    bundle = tmp_path / NAME
    bundle.write_text(Contents(packages={}).model_dump_json())
    placed.record("demo", "h1", "base", [], [], [], bundle)
    known = placed.load("demo", "h1", ["base"])
    for file in (state / "placed/contents").iterdir():
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(ConclaveError, match="does not know what the packages of h1 hold"):
        placed.contents("demo", "h1", known)
    placed.record("demo", "h1", "base", [], [])
    with pytest.raises(ConclaveError, match="does not know what the packages of h1 hold"):
        placed.contents("demo", "h1", placed.load("demo", "h1", ["base"]))
