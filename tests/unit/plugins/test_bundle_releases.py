"""The depot host's half: complete or not at all, checked on arrival, the last two stay."""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

import pytest
from plugins.modules.conclave_bundle import Depot, Refused

if TYPE_CHECKING:
    from pathlib import Path


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def manifest(serial: int) -> str:
    return f'{{"serial": {serial}}}'


class Site:
    """A control node with bundles and a depot host, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.depot = folder / "depot"

    def release(self, serial: int, contents: dict[str, str]) -> Depot:
        files = {
            path: digest(content) for path, content in {**contents, "manifest.json": f'{{"serial": {serial}}}'}.items()
        }
        return Depot(self.depot, serial, files["manifest.json"], files)

    def archive(self, serial: int, contents: dict[str, str], only: list[str]) -> Path:
        archive = self.folder / f"{serial}.tar"
        with tarfile.open(archive, "w") as stream:
            for path, content in {**contents, "manifest.json": manifest(serial)}.items():
                if path in only:
                    source = self.folder / "source"
                    source.write_text(content)
                    stream.add(source, arcname=path)
        return archive

    def bring(self, serial: int, contents: dict[str, str]) -> list[str]:
        """Bring a release; return what had to be sent."""
        depot = self.release(serial, contents)
        missing = depot.missing()
        depot.take(str(self.archive(serial, contents, missing)))
        depot.switch()
        depot.prune(2)
        return missing


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_release_is_served_when_it_is_complete_and_only_news_is_sent(site: Site) -> None:
    assert site.bring(1, {"apt/a": "a", "apt/b": "b"}) == ["apt/a", "apt/b", "manifest.json"]
    assert site.bring(2, {"apt/a": "a", "apt/c": "c"}) == ["apt/c", "manifest.json"]
    assert (site.depot / "current/apt/a").read_text() == "a"
    assert (site.depot / "current/apt/c").read_text() == "c"
    assert not (site.depot / "current/apt/b").exists()
    assert site.release(2, {"apt/a": "a", "apt/c": "c"}).is_current()


def test_the_last_two_releases_stay(site: Site) -> None:
    for serial in (1, 2, 3):
        site.bring(serial, {"apt/a": str(serial)})
    assert sorted(path.name for path in (site.depot / "releases").iterdir()) == [
        "2",
        "2.files.json",
        "3",
        "3.files.json",
    ]


def test_a_file_that_changed_on_its_way_is_refused_and_nothing_changes(site: Site) -> None:
    site.bring(1, {"apt/a": "a"})
    depot = site.release(2, {"apt/a": "a", "apt/b": "b"})
    with pytest.raises(Refused, match="apt/b did not arrive"):
        depot.take(str(site.archive(2, {"apt/b": "changed"}, ["apt/b", "manifest.json"])))
    assert site.release(1, {"apt/a": "a"}).is_current()
    assert not list((site.depot / "releases").glob(".*"))


def test_a_file_that_rotted_on_the_depot_is_noticed(site: Site) -> None:
    site.bring(1, {"apt/a": "a"})
    (site.depot / "current/apt/a").write_text("b")
    depot = site.release(2, {"apt/a": "a"})
    with pytest.raises(Refused, match="apt/a did not arrive"):
        depot.take(str(site.archive(2, {}, ["manifest.json"])))


def test_what_an_interrupted_run_left_does_not_count_as_a_release(site: Site) -> None:
    site.bring(1, {"apt/a": "a"})
    (site.depot / "releases/.2.partial").mkdir()
    assert site.release(2, {"apt/a": "a"}).serials() == [1]
    assert site.bring(2, {"apt/a": "a"}) == ["manifest.json"]


def test_a_path_out_of_the_folder_is_refused_by_the_unpacking(site: Site) -> None:
    archive = site.folder / "evil.tar"
    with tarfile.open(archive, "w") as stream:
        source = site.folder / "source"
        source.write_text("x")
        stream.add(source, arcname="../../evil")
    with pytest.raises(tarfile.OutsideDestinationError):
        site.release(1, {}).take(str(archive))
    assert not (site.folder / "evil").exists()
