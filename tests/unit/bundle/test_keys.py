"""Keys are replaced, and whoever holds a former one signs nothing more that a site believes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tuf.api.metadata import Metadata, Root

from conclave.bundle import keys, outcome, verify
from conclave.errors import ConclaveError, ExitCode

from .test_verify import sign_again

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Factory


@pytest.fixture
def trusted(factory: Factory, tmp_path: Path) -> Path:
    """Return the root of trust as a site got it at first."""
    path = tmp_path / "site" / "trust" / "root.json"
    path.parent.mkdir(parents=True)
    shutil.copyfile(factory.keys.root, path)
    return path


def version(root: Path) -> int:
    return Metadata[Root].from_file(str(root)).signed.version


def test_a_site_believes_the_new_keys_and_then_no_longer_the_former(
    factory: Factory, out: Path, trusted: Path, tmp_path: Path
) -> None:
    thief = keys.Keys(shutil.copytree(factory.keys.folder, tmp_path / "stolen"))
    keys.rotate(factory.keys, ["targets", "snapshot", "timestamp"])
    factory.content = "second"
    factory.build(out)
    verify(out, trusted, learn=True)
    assert version(trusted) == 2
    # The thief leaves out the root that took the power from these keys.
    sign_again(out, thief)
    with pytest.raises((outcome.UnknownKeyError, outcome.DamagedError)):
        verify(out, trusted, learn=True)


def test_a_look_at_a_bundle_does_not_change_whom_others_trust(factory: Factory, out: Path, trusted: Path) -> None:
    keys.rotate(factory.keys, ["targets"])
    factory.content = "second"
    factory.build(out)
    verify(out, trusted)
    assert version(trusted) == 1


def test_keys_that_stay_are_the_same_and_private_ones_stay_private(factory: Factory) -> None:
    folder = factory.keys.folder
    before = {path.name: path.read_bytes() for path in folder.glob("*.pem")}
    keys.rotate(factory.keys, ["timestamp"])
    after = {path.name: path.read_bytes() for path in folder.glob("*.pem")}
    assert {name for name in before if before[name] != after[name]} == {"timestamp.pem"}
    assert [path.name for path in factory.keys.roots()] == ["1.root.json", "2.root.json"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.glob("*.pem")))


def test_without_the_root_keys_nothing_is_replaced(factory: Factory) -> None:
    (factory.keys.folder / "root-1.pem").unlink()
    before = (factory.keys.folder / "targets.pem").read_bytes()
    with pytest.raises(ConclaveError, match="0 of the root keys"):
        keys.rotate(factory.keys, ["targets"])
    assert (factory.keys.folder / "targets.pem").read_bytes() == before


def test_an_unknown_role_is_named(factory: Factory) -> None:
    with pytest.raises(ConclaveError, match="no role mirror") as refused:
        keys.rotate(factory.keys, ["mirror"])
    assert refused.value.exit_code == ExitCode.INPUT


def test_a_root_that_cannot_be_kept_is_said(factory: Factory, out: Path, trusted: Path) -> None:
    keys.rotate(factory.keys, ["targets"])
    factory.content = "second"
    factory.build(out)
    trusted.with_name(".root.json.new").mkdir()
    with pytest.raises(ConclaveError, match="newer root of trust cannot be kept"):
        verify(out, trusted, learn=True)
