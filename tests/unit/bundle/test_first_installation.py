"""A first installation by the page: an altered stick is noticed by Debian's own tools before anything of it runs."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.bundle import files
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

PAGE = project_root() / "docs/operate/install.md"
CHECK = "sha256sum --check"
TOOLS = {"cp", "sha256sum"}


def commands() -> list[str]:
    """Return the commands of the page's second section, as they stand there."""
    section = re.search(r"^## 2\. .*?(?=^## 3\.)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert section is not None
    return [line.strip() for line in section[0].splitlines() if line.startswith("    ")]


class Site:
    """A control node with a stick; its paths lie below a folder."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder = folder
        self.bundle = folder / "media/stick/bundle"
        (folder / "srv").mkdir()
        self.bundle.parent.mkdir(parents=True)
        self.printed = files.sha256(bundle / "SHA256SUMS")
        bundle.rename(self.bundle)

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line of the page."""
        here = re.sub(r"(?<![\w.])/(?=(srv|media|opt)/)", f"{self.folder}/", line)
        return subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=False, cwd=self.folder)

    def check(self) -> bool:
        """Do what the page says up to its check; tell whether a careful reader goes on."""
        lines = commands()
        at = next(number for number, line in enumerate(lines) if CHECK in line)
        copied, printed, checked = [self.type(line) for line in lines[: at + 1]]
        assert copied.returncode == 0
        return printed.stdout.split()[0] == self.printed and checked.returncode == 0 and not checked.stdout


@pytest.fixture
def site(tmp_path: Path, bundle: Path) -> Site:
    return Site(tmp_path, bundle)


def test_nothing_of_the_stick_runs_before_it_is_checked() -> None:
    lines = commands()
    at = next(number for number, line in enumerate(lines) if CHECK in line)
    words = {word for line in lines[: at + 1] for word in re.findall(r"(?:^|&& |\()([a-z0-9-]+) ", line)}
    assert words - {"cd"} <= TOOLS
    assert not any("/media/" in line for line in lines[at + 1 :])
    assert any(line.startswith("sh /srv/bundle/control/install") for line in lines[at + 1 :])


def test_a_bundle_as_it_was_built_passes(site: Site) -> None:
    assert site.check()
    assert (site.folder / "srv/bundle/root.json").read_bytes()


def test_an_altered_program_is_noticed_and_has_not_run(site: Site) -> None:
    with (site.bundle / "control/install").open("a") as program:
        program.write(f"touch {site.folder}/owned\n")
    assert not site.check()
    assert not (site.folder / "owned").exists()


def test_an_altered_list_is_noticed_by_its_checksum(site: Site) -> None:
    with (site.bundle / "control/install").open("a") as program:
        program.write("true\n")
    listed = site.bundle / "SHA256SUMS"
    former = re.search(r"^(\w+)  control/install$", listed.read_text(), re.MULTILINE)
    assert former is not None
    listed.write_text(listed.read_text().replace(former[1], files.sha256(site.bundle / "control/install")))
    assert not site.check()


@pytest.mark.parametrize("name", ["root.json", "apt/depot.gpg", "control/project.tar.gz"])
def test_a_missing_or_foreign_file_is_noticed(site: Site, name: str) -> None:
    (site.bundle / name).write_bytes(b"foreign")
    assert not site.check()


def test_a_link_is_copied_as_what_it_leads_to(site: Site) -> None:
    outside = site.folder / "media/stick/elsewhere"
    (site.bundle / "control/install").rename(outside)
    (site.bundle / "control/install").symlink_to(outside)
    assert site.check()
    assert not (site.folder / "srv/bundle/control/install").is_symlink()


def test_the_installing_program_takes_no_module_from_where_it_is_called(tmp_path: Path) -> None:
    for module in ("venv", "ensurepip", "pip"):
        (tmp_path / f"{module}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    # Without a project beside it the program ends early, after it has looked for these modules.
    control = tmp_path / "bundle/control"
    control.mkdir(parents=True)
    program = (project_root() / "packages/control/install").read_text()
    (control / "install").write_text(program)
    called = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["sh", control / "install", tmp_path / "opt"], cwd=tmp_path, env=called, capture_output=True, check=False
    )
    assert done.returncode != 0
    assert not (tmp_path / "owned").exists()
