"""What the control node remembers of a site lies in one folder, and what earlier releases left is moved there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave import paths

if TYPE_CHECKING:
    from pathlib import Path

RUN, CERTIFICATE = "evidence/20261101T080000Z/run.json", "certificates/isolation-mysite-20261101T080000Z.jsonl"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "state" / "conclave"


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def held(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_evidence_of_an_earlier_release_is_moved_once_and_said(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(state / "mysite", RUN, "run")
    put(state / "mysite", CERTIFICATE, "signed")
    assert paths.verifications("mysite") == state / "sites" / "mysite" / "evidence"
    assert held(state) == {f"sites/mysite/{RUN}": "run", f"sites/mysite/{CERTIFICATE}": "signed"}
    assert not (state / "mysite").exists()
    assert str(state / "sites" / "mysite") in capsys.readouterr().err
    assert paths.certificates("mysite") == state / "sites" / "mysite" / "certificates"
    assert capsys.readouterr().err == ""


def test_old_and_new_evidence_come_together(state: Path) -> None:
    put(state / "mysite", RUN, "old")
    put(state / "sites" / "mysite", "evidence/20261201T080000Z/run.json", "new")
    paths.site_state("mysite")
    assert held(state) == {f"sites/mysite/{RUN}": "old", "sites/mysite/evidence/20261201T080000Z/run.json": "new"}


def test_nothing_is_overwritten(state: Path) -> None:
    put(state / "mysite", CERTIFICATE, "old")
    put(state / "sites" / "mysite", CERTIFICATE, "new")
    paths.site_state("mysite")
    assert held(state) == {f"mysite/{CERTIFICATE}": "old", f"sites/mysite/{CERTIFICATE}": "new"}


@pytest.mark.parametrize("name", ["sites", "ssh"])
def test_a_site_named_like_a_folder_of_ours_moves_nothing(state: Path, name: str) -> None:
    put(state / name, "other/evidence/x", "of another site")
    paths.site_state(name)
    assert held(state) == {f"{name}/other/evidence/x": "of another site"}


def test_labs_of_a_site_deploy_side_by_side(state: Path) -> None:
    assert paths.deployments("lab", "mine") != paths.deployments("lab", "") != paths.deployments("lab", "deploy")
    assert paths.deployments("lab").is_relative_to(state / "sites" / "lab")


def test_passwords_and_keys_stay_where_they_are(tmp_path: Path, state: Path) -> None:
    assert not state.exists()
    assert paths.vault_password("mysite") == tmp_path / "config/conclave/sites/mysite/vault-password"
    assert paths.evidence_key("mysite") == tmp_path / "config/conclave/sites/mysite/evidence-key"
