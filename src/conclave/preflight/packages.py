"""Packages of a host beside those of the bundle that it is about to get."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from conclave.preflight import requirements as needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from conclave.preflight.facts import Facts
    from conclave.preflight.requirements import Finding
    from conclave.site.model import Host, Site

INDEX = "apt/dists/site/main/binary-amd64/Packages"
OUR_SOURCE = "/etc/apt/sources.list.d/depot.sources"
# So many names are enough to know what it is about.
NAMED = 12


def of_bundle(folder: Path) -> dict[str, str] | None:
    """Return the packages of a bundle and their versions; None where there is no bundle.

    The index has one version of each package. Whether it is the one that was signed is asked elsewhere.
    """
    index = folder / INDEX
    if not index.is_file():
        return None
    versions: dict[str, str] = {}
    name = ""
    for line in index.read_text(encoding="utf-8").splitlines():
        word, _, value = line.partition(": ")
        if word == "Package":
            name = value
        elif word == "Version":
            versions[name] = value
    return versions


def of_packages(site: Site, host: Host, facts: Facts, bundle: Mapping[str, str] | None) -> Iterator[Finding]:
    """Find packages and sources that a deployment stumbles over or leaves behind."""
    if facts.held:
        yield needs.HELD.finding(host.name, some(facts.held), names=" ".join(facts.held))
    if sources := [file for file in facts.sources if file != OUR_SOURCE]:
        yield needs.SOURCES.finding(host.name, f"{', '.join(sources)}: removed by the deployment")
    if bundle is None:
        return
    newer = [
        f"{name} {version} (bundle: {bundle[name]})"
        for name, version in sorted(facts.packages.items())
        if name in bundle and version != bundle[name] and is_newer(version, bundle[name])
    ]
    if newer:
        yield needs.NEWER.finding(host.name, some(newer))
    foreign = [name for name in sorted(facts.packages.keys() - bundle.keys()) if not site.answers.declares(name)]
    if foreign:
        yield needs.FOREIGN.finding(host.name, f"not in the bundle: {some(foreign)}")


def is_newer(one: str, other: str) -> bool:
    """Tell whether a version of a Debian package is newer than another (deb-version(7))."""
    return subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0


def upgrades(installed: Mapping[str, str], bundle: Mapping[str, str]) -> list[str]:
    """Return the installed packages that the bundle has newer, sorted."""
    return [
        name
        for name, version in sorted(installed.items())
        if name in bundle and version != bundle[name] and is_newer(bundle[name], version)
    ]


def some(names: Sequence[str]) -> str:
    """Return names in words, the first of them if there are many."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
