"""The host's half: all or nothing, validated, reversible, silent about secrets."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from typing import TYPE_CHECKING

import pytest
from plugins.module_utils.conclave_tree_host import PROGRAM_MISSING, RoleTree, TreeError, Wanted, describe
from plugins.module_utils.conclave_tree_packages import missing

if TYPE_CHECKING:
    from pathlib import Path

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


def run(argv: list[str]) -> tuple[int, str, str]:
    """Run a command the way the module does."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return PROGRAM_MISSING, "", "missing"
    return done.returncode, done.stdout, done.stderr


def wanted(path: str, content: str = "", **more: object) -> Wanted:
    """Return a wanted file that belongs to whoever runs the test."""
    return Wanted(path, more.pop("state", "file"), owner=ME, group=MINE, content=content.encode(), **more)


def names(folder: Path) -> list[str]:
    """Return what a folder holds, sorted."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def host(tmp_path: Path) -> RoleTree:
    """Give an empty file system."""
    return RoleTree(run, "demo", root=str(tmp_path / "root"), state=str(tmp_path / "state"))


def test_nothing_is_replaced_when_one_file_is_refused(host: RoleTree) -> None:
    host.place(host.changes([wanted("etc/a", "old a"), wanted("etc/b", "old b")]))
    with pytest.raises(TreeError) as refused:
        host.place(host.changes([wanted("etc/a", "new a"), wanted("etc/b", "new b", validate="grep -q impossible %s")]))
    assert "/etc/b was refused by `grep -q impossible /etc/b`" in str(refused.value)
    assert host.at("etc/a").read_text() == "old a"
    assert names(host.at("etc")) == ["a", "b"]


def test_a_refusal_after_replacing_puts_the_old_files_back(host: RoleTree) -> None:
    host.place(host.changes([wanted("etc/a", "old a", mode=0o600), wanted("etc/gone", "old")]))
    changes = host.changes(
        [wanted("etc/a", "new a", validate_all="false"), wanted("etc/new", "n"), wanted("etc/gone", state="absent")]
    )
    with pytest.raises(TreeError):
        host.place(changes)
    assert host.at("etc/a").read_text() == "old a"
    assert host.at("etc/a").stat().st_mode & 0o777 == 0o600
    assert names(host.at("etc")) == ["a", "gone"]


def test_units_whose_files_go_are_stopped_before(host: RoleTree) -> None:
    folder = "etc/systemd/system"
    units = [f"{folder}/a.timer", f"{folder}/b.service", f"{folder}/b.service.d/c.conf", "etc/d.service"]
    host.place(host.changes([wanted(path) for path in (*units, f"{folder}/e.service")]))
    said: list[list[str]] = []

    def hear(argv: list[str]) -> tuple[int, str, str]:
        said.append(argv)
        return 0, "", ""

    host.run = hear
    changes = host.changes([*(wanted(path, state="absent") for path in units), wanted(f"{folder}/e.service", "new")])
    host.stop(changes)
    assert said == [["systemctl", "disable", "--now", "a.timer", "b.service"]]
    host.stop(host.changes([wanted(f"{folder}/e.service", "new")]))
    assert len(said) == 1


def test_the_copy_that_is_validated_stands_in_the_same_folder_with_its_suffix(host: RoleTree) -> None:
    seen: list[str] = []

    def look(argv: list[str]) -> tuple[int, str, str]:
        seen.append(argv[1])
        return 0, "", ""

    host.run = look
    host.place(host.changes([wanted("etc/unit.service", "x", validate="verify %s")]))
    copy = host.root / seen[0]
    assert copy.parent == host.at("etc")
    assert copy.name.endswith("-unit.service")
    assert copy.name.startswith(".")


def test_the_output_of_a_validator_is_kept_back_for_a_secret_file(host: RoleTree) -> None:
    with pytest.raises(TreeError) as refused:
        host.place(host.changes([wanted("etc/key", "hush", secret=True, validate="sh -c 'cat %s; exit 1'")]))
    assert "hush" not in str(refused.value)


def test_a_secret_never_enters_the_difference(host: RoleTree) -> None:
    host.place(host.changes([wanted("etc/key", "old hush")]))
    (change,) = host.changes([wanted("etc/key", "new hush", secret=True)])
    assert "hush" not in str(describe(change))


def test_an_unknown_owner_is_named_and_nothing_is_placed(host: RoleTree) -> None:
    item = wanted("etc/a", "a")
    item.owner = "nobody-yet"
    with pytest.raises(TreeError, match="nobody-yet"):
        host.place(host.changes([wanted("etc/first", "1"), item]))
    assert names(host.at("etc")) == []


def test_a_folder_in_the_way_is_named(host: RoleTree) -> None:
    host.at("etc/a").mkdir(parents=True)
    with pytest.raises(TreeError, match="/etc/a is neither"):
        host.changes([wanted("etc/a", "a")])


def test_a_link_is_replaced_by_the_file_it_stood_for(host: RoleTree) -> None:
    host.at("etc").mkdir(parents=True)
    host.at("etc/other").write_text("untouched")
    host.at("etc/a").symlink_to("other")
    host.place(host.changes([wanted("etc/a", "mine")]))
    assert host.at("etc/other").read_text() == "untouched"
    assert host.at("etc/a").read_text() == "mine"


def test_what_a_killed_run_left_staged_is_swept_away(host: RoleTree) -> None:
    host.at("etc").mkdir(parents=True)
    host.at("etc/.conclave-abcd1234-a").write_text("half")
    host.place(host.changes([wanted("etc/a", "a")]))
    assert names(host.at("etc")) == ["a"]


def test_a_damaged_record_of_unfinished_work_counts_as_none(host: RoleTree) -> None:
    host.remember("run", ["Restart"], [])
    assert host.unfinished()["notify"] == ["Restart"]
    host.record.write_text("{")
    assert host.unfinished() == {"notify": [], "apply": []}


def test_only_the_roles_own_files_stay_in_an_exclusive_folder(host: RoleTree) -> None:
    host.place(host.changes([wanted("etc/sources/debian", "x"), wanted("etc/sources/depot", "y")]))
    keep = [wanted("etc/sources", state="exclusive", notify=["Update"]), wanted("etc/sources/depot", "y")]
    changes = host.changes(keep)
    assert [(change.wanted.path, change.wanted.notify) for change in changes] == [("etc/sources/debian", ["Update"])]
    host.place(changes)
    assert names(host.at("etc/sources")) == ["depot"]
    assert host.changes(keep) == []


def test_a_package_that_is_not_wholly_installed_is_missing() -> None:
    assert missing(run, ["dpkg", "bash"]) == []
    assert missing(run, ["dpkg", "no-such-package-anywhere"]) == ["no-such-package-anywhere"]
    said = "installed one\nhalf-configured two\nconfig-files three\n"
    assert missing(lambda _argv: (0, said, ""), ["one", "two", "three"]) == ["three", "two"]
    assert missing(lambda argv: pytest.fail(f"nothing to ask: {argv}"), []) == []


def test_all_files_are_judged_once_when_they_stand_in_their_places(host: RoleTree) -> None:
    seen: list[list[str]] = []

    def look(argv: list[str]) -> tuple[int, str, str]:
        seen.append([argv[0], *names(host.at("etc"))])
        return 0, "", ""

    host.run = look
    host.place(host.changes([wanted("etc/a", "a", validate_all="judge"), wanted("etc/b", "b", validate_all="judge")]))
    assert seen == [["judge", "a", "b"]]
    host.place(host.changes([wanted("etc/a", "a", validate_all="judge"), wanted("etc/c", "c")]))
    assert seen == [["judge", "a", "b"]]


def test_an_initial_state_is_made_once_and_never_again(host: RoleTree) -> None:
    place = host.at("etc/begun")
    item = wanted("etc/begun", state="initial", command=f"mkdir -p {place}")
    host.check = True
    assert host.begin([item]) == ["etc/begun"]
    assert not place.exists()
    host.check = False
    assert host.begin([item]) == ["etc/begun"]
    assert host.begin([item]) == []
    assert host.changes([item]) == []


@pytest.mark.parametrize(("command", "said"), [("false", "`false` failed"), ("true", "/etc/begun is not there")])
def test_an_initial_state_that_does_not_come_about_is_an_error(host: RoleTree, command: str, said: str) -> None:
    with pytest.raises(TreeError, match=said):
        host.begin([wanted("etc/begun", state="initial", command=command)])
