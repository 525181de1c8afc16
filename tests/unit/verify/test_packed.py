"""A tampered package is noticed on a host whose own dpkg has been told otherwise, and is put back."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from plugins.module_utils import conclave_tree_packages
from plugins.module_utils.conclave_tree_packages import altered

from conclave import contents
from conclave.bundle.contents import read

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.contents import Contents

drift: Any = importlib.import_module("drift")
PAGE, PROGRAM, OWN, DEBIANS = "usr/share/conclave/web/index.html", "usr/bin/debians", "conclave-web", "debians"
# What of a package's settings the product promises, and what not.
SETTING, OTHER = "etc/nginx/nginx.conf", "etc/debians.conf"


def md5(content: bytes) -> str:
    """Return what dpkg writes down of a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Machine:
    """A folder in the place of a host's root, with two packages that dpkg has unpacked there."""

    def __init__(self, folder: Path) -> None:
        self.depot, self.root = folder / "depot", folder / "root"
        for place in (self.depot, self.root / "var/lib/dpkg/info", self.root / "var/lib/dpkg/updates"):
            place.mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        self._pack(folder / "own", OWN, {PAGE: "<html></html>\n"}, {})
        lists = {PROGRAM: "#!/bin/sh\n", SETTING: "user www-data;\n", OTHER: "colour = blue\n"}
        sums = f"{md5(lists[PROGRAM].encode())}  {PROGRAM}\n"
        self._pack(folder / "debians", DEBIANS, lists, {"md5sums": sums, "conffiles": f"/{SETTING}\n/{OTHER}\n"})
        self.contents: Contents = read(self.depot)
        self.install()

    def _pack(self, folder: Path, name: str, files: dict[str, str], control: dict[str, str]) -> None:
        fields = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: nothing\n"
        control = {f"DEBIAN/{key}": text for key, text in {**control, "control": fields}.items()}
        for path, text in {**files, **control}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        subprocess.run(["dpkg-deb", "--build", folder, self.depot], check=True, capture_output=True)

    def dpkg(self, *words: str | Path) -> str:
        argv = ["dpkg", f"--root={self.root}", "--force-not-root", "--log=/dev/null", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout

    def install(self) -> None:
        self.dpkg("--install", *self.depot.glob("*.deb"))

    def at(self, path: str) -> Path:
        return self.root / path

    def sums(self, name: str) -> Path:
        return self.root / f"var/lib/dpkg/info/{name}.md5sums"

    def tamper(self, name: str, path: str) -> None:
        """Change a file, and let dpkg's list of checksums speak for it."""
        before = self.at(path).read_bytes()
        after = before + b"<script></script>\n"
        self.at(path).write_bytes(after)
        self.sums(name).write_text(self.sums(name).read_text().replace(md5(before), md5(after)))

    def notices(self, *ours: str) -> list[str]:
        """Return what the check says."""
        packages = self.contents.packages
        paths = [path for package in packages.values() for path in (*package.files, *package.conffiles)]
        asked = {"root": str(self.root), "skip": drift.LEFT_OUT, "paths": [p for p in paths if drift.looked_at(p)]}
        argv = [sys.executable, "-I", "-S", "-c", drift.PACKED]
        done = subprocess.run(argv, input=json.dumps(asked), capture_output=True, text=True, check=True)
        return list(drift.spoiled(packages, json.loads(done.stdout), {OWN}, set(), set(ours)))

    def altered(self) -> list[str]:
        """Return what a deployment would put back."""

        def run(argv: list[str]) -> tuple[int, str, str]:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout, done.stderr

        return altered(run, self.contents.sums([OWN, DEBIANS]), str(self.root))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a host as it was deployed."""
    return Machine(tmp_path)


def test_nothing_is_noticed_on_a_host_as_it_was_deployed(machine: Machine) -> None:
    assert machine.sums(OWN).is_file()
    assert machine.notices() == []
    assert machine.altered() == []


def test_a_page_that_dpkg_was_told_to_take_is_noticed_and_put_back(machine: Machine) -> None:
    machine.tamper(OWN, PAGE)
    assert machine.dpkg("--verify", OWN) == ""
    assert machine.notices() == [f"/{PAGE} of {OWN}"]
    assert machine.altered() == [f"{OWN}=1"]
    machine.install()
    assert machine.notices() == []
    assert machine.altered() == []


def test_a_program_of_debian_that_dpkg_was_told_to_take_is_noticed(machine: Machine) -> None:
    machine.tamper(DEBIANS, PROGRAM)
    assert machine.dpkg("--verify", DEBIANS) == ""
    assert machine.notices() == [f"/var/lib/dpkg/info/{DEBIANS}.md5sums (checksums of {DEBIANS})"]


def test_a_program_of_debian_is_noticed_by_the_untouched_list(machine: Machine) -> None:
    machine.at(PROGRAM).write_text("#!/bin/false\n")
    assert machine.notices() == [f"/{PROGRAM} of {DEBIANS}"]
    machine.at(PROGRAM).unlink()
    assert machine.notices() == [f"/{PROGRAM} of {DEBIANS} (missing)"]


@pytest.mark.parametrize("name", [OWN, DEBIANS])
def test_a_package_without_its_list_is_noticed_where_the_list_counts(machine: Machine, name: str) -> None:
    machine.sums(name).unlink()
    counts = f"/var/lib/dpkg/info/{name}.md5sums (checksums of {name})"
    assert machine.notices() == ([counts] if name == DEBIANS else [])


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_dpkg_no_longer_lists_is_put_back_and_noticed(machine: Machine, *, replaced: bool) -> None:
    listing = machine.sums(OWN).with_suffix(".list")
    listing.write_text(listing.read_text().replace(f"/{PAGE}\n", ""))
    if replaced:
        machine.at(PAGE).write_text("<script></script>\n")
        assert machine.notices() == [f"/{PAGE} of {OWN}"]
    assert machine.altered() == [f"{OWN}=1"]


def test_a_setting_of_a_package_is_noticed_where_the_product_promises_it_and_no_role_sets_it(machine: Machine) -> None:
    for path in (SETTING, OTHER):
        machine.at(path).write_text("changed\n")
    status = machine.at("var/lib/dpkg/status")
    status.write_text(re.sub(r"Conffiles:\n( .*\n)+", "", status.read_text()))
    assert machine.dpkg("--verify", DEBIANS) == ""
    assert machine.notices() == [f"/{SETTING} of {DEBIANS}"]
    assert machine.notices(f"/{SETTING}") == []


def test_a_package_of_the_product_that_dpkg_denies_is_noticed(machine: Machine) -> None:
    status = machine.at("var/lib/dpkg/status")
    denied = re.sub(
        f"(Package: {OWN}\nStatus: )install ok installed", r"\1deinstall ok config-files", status.read_text()
    )
    status.write_text(denied)
    assert machine.notices() == [f"{OWN} (not installed)"]


def test_a_package_of_another_version_or_of_nobody_is_named(machine: Machine) -> None:
    status = machine.at("var/lib/dpkg/status")
    status.write_text(status.read_text().replace("Version: 1\n", "Version: 2\n"))
    assert sorted(machine.notices()) == [f"{OWN} 2 (not 1)", f"{DEBIANS} 2 (not 1)"]
    # The deployment replaces it anyway.
    assert machine.altered() == []
    del machine.contents.packages[DEBIANS]
    assert f"{DEBIANS} (no package of the release)" in machine.notices()


def test_the_host_leaves_out_what_the_control_node_leaves_out() -> None:
    """Otherwise every deployment would put the same packages back again."""
    assert conclave_tree_packages.LEFT_OUT == contents.LEFT_OUT
