"""Debian's AppArmor profiles allow what our configuration asks of the programs that they confine."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.render.rendering import ROOT, render

if TYPE_CHECKING:
    from pathlib import Path

POOL = ROOT / "build/bundle/apt/pool/main"
# Rules for files: an optional owner, a path (a variable at its start is one of the kernel's own places), permissions.
RULE = re.compile(r"^\s*(?:owner\s+)?(/\S+)\s+([rwmkl]+),", re.MULTILINE)
INCLUDE = re.compile(r"^\s*#?include (?:if exists )?<(\S+)>", re.MULTILINE)
PATH = re.compile(r"(?<![\w/.<])/(?:etc|usr|var|run|srv)/[\w./*-]*[\w*]")


@dataclass(frozen=True)
class Confined:
    """A program of ours that Debian confines.

    Parameters
    ----------
    package:
        The Debian package that brings program and profile.
    role:
        Our role that configures it.
    reads:
        Files of the role that the program reads; what stands in them is read too.
    """

    package: str
    role: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


CONFINED = (
    Confined("unbound", "dns", ("etc/unbound/conclave/unbound.conf", "etc/unbound/conclave/mode.conf")),
    Confined(
        "chrony", "ntp", ("etc/chrony/chrony.conf", "etc/chrony/sources.d/conclave.sources"), ("/var/lib/chrony/",)
    ),
    # It writes to its standard output, and reads nothing of ours.
    Confined("tcpdump", "router"),
)


@cache
def unpacked(package: str, folder: Path) -> Path:
    """Return the files of a package of the bundle."""
    found = sorted(POOL.glob(f"*/{package}/{package}_*.deb"))
    assert found, f"{package} is not in build/bundle; run `conclave bundle build`"
    target = folder / package
    subprocess.run(["dpkg-deb", "--extract", str(found[-1]), str(target)], check=True)
    return target


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("apparmor")


def rules(text: str, abstractions: Path) -> list[tuple[re.Pattern[str], str]]:
    """Return the paths that a profile allows, each with its permissions; what it includes as well."""
    for name in INCLUDE.findall(text):
        included = abstractions / name
        if name.startswith("abstractions/") and included.is_file():
            text += included.read_text()
    return [(pattern(path), allowed) for path, allowed in RULE.findall(text)]


def pattern(glob: str) -> re.Pattern[str]:
    """Turn AppArmor's globbing into a regular expression: `*` stays in a folder, `**` does not, `{a,b}` is a choice."""
    parts = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    words = re.split(r"(\*\*|\*|\?|\{|\}|,|\[[^\]]*\])", glob)
    return re.compile("".join(parts.get(word, word if word[:1] == "[" else re.escape(word)) for word in words) + r"\Z")


def asked(confined: Confined) -> set[str]:
    """Return every path that a program is led to by our files; a folder, with and without what is in it."""
    files = render(confined.role, "core1")
    found = set(confined.writes)
    for path in confined.reads:
        mode = next((name for name in files if name.endswith(f".service/{path}")), path)
        text = "\n".join(row.split("#")[0] for row in files[mode]["content"].splitlines())
        found |= {f"/{path}", *PATH.findall(text)}
    return {path.replace("*", "x") for path in found}


@pytest.mark.parametrize("confined", [one for one in CONFINED if one.reads], ids=lambda one: one.package)
def test_a_confined_program_may_read_what_our_files_lead_it_to(confined: Confined, folder: Path) -> None:
    (profile,) = (unpacked(confined.package, folder) / "etc/apparmor.d").iterdir()
    allowed = rules(profile.read_text(), unpacked("apparmor", folder) / "etc/apparmor.d")
    paths = asked(confined)
    assert len(paths) >= len(confined.reads)
    refused = {path for path in paths if not any("r" in how and it.match(path) for it, how in allowed)}
    # Of a folder, what is in it: the rule for the folder itself would need a slash at its end.
    refused = {path for path in refused if not any("r" in how and it.match(f"{path}/") for it, how in allowed)}
    assert not refused, f"{profile.name} does not let {confined.package} read {', '.join(sorted(refused))}"
    for path in confined.writes:
        assert any("w" in how and it.match(path) for it, how in allowed), path


def test_the_look_is_not_blind(folder: Path) -> None:
    (profile,) = (unpacked("unbound", folder) / "etc/apparmor.d").iterdir()
    allowed = rules(profile.read_text(), folder)
    for path, expected in (("/etc/unbound/a/b.conf", True), ("/etc/conclave/dns/unbound.conf", False)):
        assert any(it.match(path) for it, _ in allowed) is expected


def test_every_package_of_a_role_that_brings_a_profile_is_looked_at() -> None:
    named = set()
    for defaults in ROOT.glob("roles/*/defaults/main.yml"):
        named |= set((yaml.safe_load(defaults.read_text()) or {}).get(f"{defaults.parts[-3]}_packages", []))
    bringing = set()
    for package in sorted(named - {"apparmor"}):
        for archive in POOL.glob(f"*/*/{package}_*.deb"):
            # Profiles are settings: dpkg keeps what an administrator changes in them.
            listed = subprocess.run(
                ["dpkg-deb", "--info", str(archive), "conffiles"], capture_output=True, text=True, check=False
            )
            if "/etc/apparmor.d/" in listed.stdout:
                bringing.add(package)
    assert bringing == {one.package for one in CONFINED}
