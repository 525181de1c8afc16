"""What a deploy accepts before it touches anything: the depot is asked which release it serves."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from conclave.bundle import Manifest, outcome, signing
from conclave.deploy.command import verify_bundle
from conclave.paths import project_root
from conclave.site.model import Answers, Host, Site

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.bundle import keys


class Depot:
    """A site with one host and its depot folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "host"
        self.current = self.root / "srv/conclave/depot/current"
        host = Host(name="one", ansible_host="192.0.2.1", conclave_zone="core", roles=frozenset({"depot"}))
        self.site = Site(answers=Answers.model_construct(name="toy"), hosts=(host,), folder=folder)

    def serve(self, bundle: Path) -> None:
        """Let the depot serve a release."""
        self.current.mkdir(parents=True)
        shutil.copy(bundle / "manifest.json", self.current)

    def served(self) -> dict[str, Any] | None:
        """Return the manifest of what it serves."""
        file = self.current / "manifest.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


@pytest.fixture
def depot(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Depot:
    """Give a blank depot of a site that trusts the tests' keys."""
    depot = Depot(tmp_path)
    project = tmp_path / "project"
    (project / "inventories/toy/trust").mkdir(parents=True)
    (project / "ansible.cfg").touch()
    (project / "inventories/toy/site.yml").touch()
    (project / "roles").symlink_to(project_root() / "roles")
    shutil.copy(root, project / "inventories/toy/trust/root.json")
    monkeypatch.setenv("CONCLAVE_HOME", str(project))
    # How a depot is asked is seen in the lab (tests/lab/remote).
    monkeypatch.setattr("conclave.deploy.depot.installed", lambda _host: depot.served())
    return depot


def age(bundle: Path, signing_keys: keys.Keys) -> None:
    """Make a bundle one that was built and signed so long ago that its term has passed."""
    made = datetime.now(UTC) - 2 * signing.FRESH
    manifest = Manifest.load(bundle).model_copy(update={"created": made})
    (bundle / "manifest.json").write_text(manifest.model_dump_json())
    shutil.rmtree(bundle / "tuf")
    listed = manifest.files | {"manifest.json": signing.Entry.of(bundle / "manifest.json")}
    signing.sign(bundle, listed, manifest.serial, signing_keys, made)


def test_the_release_that_the_depot_serves_is_deployed_again_after_its_term(
    bundle: Path, depot: Depot, session_keys: keys.Keys
) -> None:
    age(bundle, session_keys)
    depot.serve(bundle)
    verify_bundle(bundle, depot.site)


def test_any_other_release_whose_term_has_passed_is_refused(
    bundle: Path, depot: Depot, session_keys: keys.Keys
) -> None:
    age(bundle, session_keys)
    with pytest.raises(outcome.ExpiredError):
        verify_bundle(bundle, depot.site)


def test_an_older_release_is_refused_before_anything_is_sent(bundle: Path, depot: Depot) -> None:
    depot.serve(bundle)
    served = depot.current / "manifest.json"
    manifest = json.loads(served.read_text())
    served.write_text(json.dumps(manifest | {"serial": manifest["serial"] + 1}))
    with pytest.raises(outcome.OlderError):
        verify_bundle(bundle, depot.site)
