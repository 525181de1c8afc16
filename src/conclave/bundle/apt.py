"""An apt world of its own: Debian's packages for the site, whatever Debian this machine runs.

Nothing of the machine's own apt state is changed. Which mirrors are asked, and through which proxy, is what the machine
is set up with: its sources that come from Debian, with the suites replaced by the site's.
"""

from __future__ import annotations

import re
import subprocess
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conclave.bundle.tools import Runner

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_URI_LINE = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) (?P<sum>\S*)$")
# Settings of the machine that say how to reach its mirrors; date and trust checks are never taken over.
_REACH = re.compile(r"^Acquire::(http|https|tor|Retries|ForceIPv4|ForceIPv6)\b(?!.*Verify-(Peer|Host))", re.IGNORECASE)
_CONFIGURATION = """\
APT::Architecture "{architecture}";
#clear APT::Architectures;
APT::Architectures:: "{architecture}";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
Acquire::Check-Valid-Until "true";
Acquire::AllowInsecureRepositories "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Debug::NoLocking "true";
Dir::Etc "{world}/etc";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{world}/etc/sources.list.d";
Dir::Etc::parts "{world}/etc/apt.conf.d";
Dir::Etc::preferencesparts "{world}/etc/preferences.d";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "{world}/state";
Dir::State::status "{world}/status";
Dir::Cache "{world}/cache";
"""


@dataclass(frozen=True, order=True)
class Package:
    """A package in Debian's archive."""

    name: str
    version: str
    architecture: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        """The file's name, as apt writes it: the colon of an epoch is ``%3a``, so any file system takes it."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"

    @property
    def exact(self) -> str:
        """How to ask apt for exactly this one."""
        suffix = "" if self.architecture == "all" else f":{self.architecture}"
        return f"{self.name}{suffix}={self.version}"


@dataclass(frozen=True)
class Source:
    """Where this machine gets Debian from."""

    uri: str
    keyring: str


class World:
    """Package lists of one Debian release, solved from a blank system.

    Parameters
    ----------
    folder:
        Where lists and settings are kept between builds.
    release:
        Code name, ``trixie``.
    architecture:
        Debian architecture, ``amd64``.
    components:
        Archive components.
    runner:
        Runs apt.
    """

    def __init__(
        self, folder: Path, *, release: str, architecture: str, components: Sequence[str], runner: Runner
    ) -> None:
        self.folder = folder
        self._runner = runner
        self._environment = {"APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C.UTF-8"}
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "etc/sources.list.d").mkdir(exist_ok=True)
        (folder / "status").write_text("")
        (folder / "apt.conf").write_text(_CONFIGURATION.format(architecture=architecture, world=folder) + _reach())
        debian, security = sources()
        (folder / "etc/sources.list.d/debian.sources").write_text(
            _stanza(debian, [release, f"{release}-updates"], components)
            + "\n"
            + _stanza(security, [f"{release}-security"], components)
        )

    def update(self) -> None:
        """Fetch the package lists.

        Raises
        ------
        ConclaveError
            When a list cannot be fetched, or is not signed by Debian or out of date.
        """
        self._runner.run(["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"], env=self._environment)

    def state(self) -> dict[str, str]:
        """Return the SHA-256 of each suite's signed release file: while they stay, so does every solution."""
        from conclave.bundle.files import sha256  # noqa: PLC0415 - keeps this module importable by itself

        return {
            path.name.rpartition("_dists_")[2]: sha256(path)
            for path in sorted((self.folder / "state/lists").glob("*_InRelease"))
        }

    def solve(self, wanted: Sequence[str]) -> set[Package]:
        """Return everything a blank system needs to have the wanted packages.

        Parameters
        ----------
        wanted:
            Package names and apt patterns.

        Raises
        ------
        ConclaveError
            When there is no solution; apt's own words are in the message.
        """
        text = self._runner.output(["apt-get", "-qq", "-y", "--print-uris", "install", *wanted], env=self._environment)
        return {_package(line) for line in text.splitlines() if line.startswith("'")}

    def download(self, packages: Sequence[Package], folder: Path) -> None:
        """Fetch packages into a folder; apt checks each against the signed lists."""
        self._runner.run(
            ["apt-get", "-q", "download", *(package.exact for package in packages)],
            cwd=folder,
            env=self._environment,
        )


def sources() -> tuple[Source, Source]:
    """Return this machine's sources of Debian and of Debian's security updates.

    Raises
    ------
    ConclaveError
        When apt knows none.
    """
    done = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(SIGNED_BY)",
            "Created-By: Packages",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Source] = {}
    for line in done.stdout.splitlines():
        origin, label, uri, signed_by = line.split("|")
        keyring = signed_by if signed_by.startswith("/") else KEYRING
        if origin == "Debian":
            found.setdefault(label, Source(uri.rstrip("/"), keyring))
    try:
        return found["Debian"], found["Debian-Security"]
    except KeyError as missing:
        raise ConclaveError(
            f"apt on this machine has no source labelled {missing}",
            expected="sources for Debian and for its security updates, with their lists fetched",
            todo="apt-get update",
            exit_code=ExitCode.MACHINE,
        ) from None


def _reach() -> str:
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if _REACH.match(line))


def _stanza(source: Source, suites: Sequence[str], components: Sequence[str]) -> str:
    return (
        f"Types: deb\nURIs: {source.uri}\nSuites: {' '.join(suites)}\n"
        f"Components: {' '.join(components)}\nSigned-By: {source.keyring}\n"
    )


def _package(line: str) -> Package:
    """Read one line of ``apt-get --print-uris``: 'URI' file size algorithm:sum."""
    match = _URI_LINE.match(line)
    algorithm, _, value = match["sum"].partition(":") if match else ("", "", "")
    if match is None or algorithm != "SHA256":
        raise ConclaveError(f"apt answered {line!r}", expected="an address, file name, size and SHA-256")
    name, version, rest = match["file"].split("_", 2)
    return Package(
        name=name,
        version=urllib.parse.unquote(version),
        architecture=rest.removesuffix(".deb"),
        size=int(match["size"]),
        sha256=value,
    )
