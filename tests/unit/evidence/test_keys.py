"""The key that signs a site's evidence, and the list that names it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conclave.evidence import keys
from conclave.site import read

if TYPE_CHECKING:
    from conclave.site.model import Site

SAMPLE = Path(__file__).parents[3] / "inventories/sample"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site whose files lie in a project folder of its own."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "catalog").symlink_to(SAMPLE.parents[1] / "roles" / "catalog")
    (tmp_path / "ansible.cfg").touch()
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "inventories/sample"))
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return read.load_folder(folder)


def test_another_checkout_of_a_site_names_the_key_as_well(site: Site) -> None:
    made = keys.new(site)
    signers = site.folder / "trust/allowed_signers"
    assert signers.read_text() == f"{made.line}\n"
    signers.unlink()
    assert keys.load(site) == made
    assert keys.load(site) == made
    assert signers.read_text() == f"{made.line}\n"


def test_a_key_is_made_once(site: Site) -> None:
    assert keys.ensure(site) == keys.load(site)
    assert keys.ensure(site) is None
