"""The key that signs a site's evidence, and the list that names it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conclave.evidence import keys

SAMPLE = Path(__file__).parents[3] / "inventories/sample"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the inventory of a site in a project folder of its own."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "catalog").symlink_to(SAMPLE.parents[1] / "roles" / "catalog")
    (tmp_path / "ansible.cfg").touch()
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "inventories/sample"))
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


def test_another_checkout_of_a_site_names_the_key_as_well(site: Path) -> None:
    made = keys.new("sample")
    signers = site / "trust/allowed_signers"
    assert signers.read_text() == f"{made.line}\n"
    signers.unlink()
    assert keys.load("sample") == made
    assert keys.load("sample") == made
    assert signers.read_text() == f"{made.line}\n"


@pytest.mark.usefixtures("site")
def test_a_key_is_made_once() -> None:
    assert keys.ensure("sample") == keys.load("sample")
    assert keys.ensure("sample") is None
