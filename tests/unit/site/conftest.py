"""An inventory folder to spoil."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from conclave.paths import project_root
from conclave.site import read, secrets, vault

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.site.read import Finding


@dataclass
class Inventory:
    """A copy of the lab's inventory in a project of its own."""

    root: Path
    name: str = "lab"

    @property
    def folder(self) -> Path:
        return self.root / "inventories" / self.name

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one thing; it must be there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def findings(self) -> list[Finding]:
        return read.check_folder(self.folder).findings


@dataclass(frozen=True)
class FirstSecrets:
    """What `conclave site secrets` made for the lab, as files and as plain data."""

    vault: str
    password: str
    plain: dict[str, str]


@pytest.fixture(scope="session")
def first_secrets(tmp_path_factory: pytest.TempPathFactory) -> FirstSecrets:
    with pytest.MonkeyPatch.context() as patch:
        _project(tmp_path_factory.mktemp("first"), patch)
        secrets.ensure("lab")
        return FirstSecrets(
            secrets.secrets_file("lab").read_text(encoding="utf-8"),
            vault.password_file("lab").read_text(encoding="utf-8"),
            secrets.load("lab"),
        )


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """Return a project whose only site is a copy of the lab; its keys and state are its own, too."""
    return _project(tmp_path, monkeypatch)


def _project(folder: Path, patch: pytest.MonkeyPatch) -> Inventory:
    real = project_root()
    found = Inventory(folder / "project")
    found.folder.mkdir(parents=True)
    (found.root / "roles").symlink_to(real / "roles")
    shutil.copy(real / "ansible.cfg", found.root)
    for name in ("site.yml", "hosts.yml", "lab.yml"):
        shutil.copy(real / "inventories" / "lab" / name, found.folder)
    patch.setenv("CONCLAVE_HOME", str(found.root))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return found
