"""What an earlier release has put on a host goes, once, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugins.module_utils.conclave_tree_host import RoleTree, TreeError
from plugins.module_utils.conclave_tree_superseded import Superseded

if TYPE_CHECKING:
    from pathlib import Path

NAMES = Superseded(
    units=["conclave-names.service"],
    paths=["etc/conclave/names/", "usr/lib/conclave/health/names", "usr/lib/sysusers.d/conclave-names.conf"],
)


class Site:
    """A file system and a log of commands; the log also says whether the unit's file was still there."""

    def __init__(self, folder: Path) -> None:
        self.log: list[str] = []
        self.failing = ""
        self.root = folder / "root"
        self.tree = RoleTree(self.run, "dns", root=str(self.root), state=str(folder / "state"))

    def run(self, argv: list[str]) -> tuple[int, str, str]:
        there = (self.root / "etc/systemd/system/conclave-names.service").exists()
        self.log.append(f"{' '.join(argv)} ({'with' if there else 'without'} file)")
        return (1, "", "cannot") if self.failing and self.failing in argv else (0, "", "")

    def add(self, *paths: str) -> None:
        for path in paths:
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("")

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.add(
        "etc/systemd/system/conclave-names.service",
        "etc/systemd/system/conclave-names.service.d/local.conf",
        "etc/conclave/names/unbound.conf",
        "usr/lib/conclave/health/names",
        "usr/lib/conclave/shaping",
        "usr/lib/sysusers.d/conclave-names.conf",
    )
    return made


def test_a_unit_is_stopped_before_its_file_goes_and_folders_go_whole(site: Site) -> None:
    found = NAMES.found(site.tree)
    assert found == NAMES
    found.remove(site.tree)
    assert site.log[0] == "systemctl disable --now conclave-names.service (with file)"
    assert site.log[1] == "systemctl daemon-reload (without file)"
    assert site.files() == ["usr/lib/conclave/shaping"]
    # A folder of ours goes with the last file in it, a folder of the system stays.
    assert not site.tree.at("usr/lib/conclave/health").exists()
    assert site.tree.at("usr/lib/sysusers.d").is_dir()


def test_a_host_without_it_is_left_alone(site: Site) -> None:
    NAMES.found(site.tree).remove(site.tree)
    site.log.clear()
    again = NAMES.found(site.tree)
    assert again.lines() == []
    again.remove(site.tree)
    assert site.log == []


def test_check_mode_tells_all_and_touches_nothing(site: Site) -> None:
    before = site.files()
    site.tree.check = True
    found = NAMES.found(site.tree)
    found.remove(site.tree)
    assert found.lines() == [
        "conclave-names.service: stopped and removed, superseded",
        "/etc/conclave/names/: removed, superseded",
        "/usr/lib/conclave/health/names: removed, superseded",
        "/usr/lib/sysusers.d/conclave-names.conf: removed, superseded",
    ]
    assert (site.files(), site.log) == (before, [])


def test_a_unit_that_does_not_stop_is_an_error_and_is_found_again(site: Site) -> None:
    site.failing = "disable"
    with pytest.raises(TreeError, match=r"systemctl disable --now conclave-names\.service"):
        NAMES.found(site.tree).remove(site.tree)
    assert NAMES.found(site.tree).units == ["conclave-names.service"]


def test_a_user_that_the_host_has_is_removed(site: Site) -> None:
    found = Superseded(users=["daemon", "conclave-nobody-knows"]).found(site.tree)
    assert found.users == ["daemon"]
    found.remove(site.tree)
    assert [line.split(" (")[0] for line in site.log] == ["userdel daemon"]
