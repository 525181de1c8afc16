"""The base image of every lab host: a small Debian 13 server, made once and cached by what it is made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.paths import cache_dir, project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUITE = "trixie"
# What a host has before Conclave meets it: Debian's required packages and these. A real host needs the same.
PACKAGES = (
    "adduser",
    "apparmor",
    "ca-certificates",
    "dbus",
    "iproute2",
    "iputils-ping",
    "kmod",
    "libpam-systemd",
    "netbase",
    "nftables",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tzdata",
    "udev",
)
APT_OPTIONS = ('Acquire::Languages "none";', 'APT::Install-Recommends "false";')
DPKG_OPTIONS = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/locale/*",
)
# Raised when the steps after unpacking change.
RECIPE = 3
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Source:
    """Where the image's packages come from.

    Parameters
    ----------
    label:
        What an operator calls it.
    suite:
        Suite the packages are taken from.
    lines:
        One-line sources for apt.
    keyring:
        OpenPGP keys that sign them.
    identity:
        Changes when the packages do.
    apt_options:
        The settings this machine's apt needs to reach them.
    packages:
        What is installed beside Debian's required packages.
    dpkg_options:
        Settings of dpkg: files that are left out.
    """

    label: str
    suite: str
    lines: tuple[str, ...]
    keyring: Path
    identity: str
    apt_options: tuple[str, ...] = ()
    packages: tuple[str, ...] = PACKAGES
    dpkg_options: tuple[str, ...] = DPKG_OPTIONS


def default_source() -> Source:
    """Return the depot of this project's bundle when there is one, else this machine's own Debian sources."""
    bundle = project_root() / "build/bundle"
    # The manifest is written last: without it a bundle is still being built.
    return depot_source(bundle / "apt") if (bundle / "manifest.json").is_file() else machine_source()


def machine_source() -> Source:
    """Return this machine's own Debian sources, with the suite of Debian 13 in place of the machine's.

    Raises
    ------
    ConclaveError
        When apt on this machine has no Debian source.
    """
    codename = _codename()
    rows = _apt("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    lines = sorted(
        f"deb {uri} {SUITE}{release.removeprefix(codename)} {component}"
        for uri, release, component in (row.split() for row in rows.splitlines())
        if release == codename or release.startswith(f"{codename}-")
    )
    if not lines:
        raise ConclaveError(
            "apt on this machine has no Debian source",
            expected=f"a source for {codename} in /etc/apt/sources.list.d",
            todo="add one, or name a depot folder with --apt",
            exit_code=ExitCode.MACHINE,
        )
    reach = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    options = tuple(row for row in _apt("apt-config", "dump").splitlines() if row.startswith(reach) and '""' not in row)
    return Source(
        "this machine's Debian sources", SUITE, tuple(dict.fromkeys(lines)), DEBIAN_KEYRING, "machine", options
    )


def depot_source(folder: Path) -> Source:
    """Return a bundle's apt repository: an image built from it proves it complete.

    Raises
    ------
    ConclaveError
        When the folder is not a depot.
    """
    index = folder / "dists/site/main/binary-amd64/Packages"
    keyring = folder / "depot.gpg"
    for needed in (index, keyring):
        if not needed.is_file():
            raise ConclaveError(
                f"{needed}: no such file", expected="the apt folder of a bundle", todo="conclave bundle build"
            )
    lines = (f"deb copy://{folder.resolve()} site main",)
    # Without the security options of this machine: the depot must stand on its own.
    return Source(f"the depot {folder}", "site", lines, keyring.resolve(), _debian_packages(index))


def ensure(source: Source, progress: Callable[[str], None]) -> Path:
    """Return the unpacked base image of a source; make it first when it is not in the cache.

    Raises
    ------
    ConclaveError
        When a package is missing or mmdebstrap fails.
    """
    folder = cache_dir() / "image" / key(source)
    root = folder / "root"
    if root.is_dir():
        return root
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.parent):
        if root.is_dir():
            return root
        progress(f"making the base image from {source.label}, once")
        temporary = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
        try:
            _bootstrap(source, temporary)
            _finish(temporary / "root")
            temporary.chmod(0o755)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary)
            raise
    return root


def key(source: Source) -> str:
    """Return the name of an image in the cache: the hash of everything it is made from."""
    parts = [RECIPE, source.suite, source.identity, source.packages, APT_OPTIONS, source.dpkg_options]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def _bootstrap(source: Source, folder: Path) -> None:
    options = [f"--aptopt={row}" for row in (*source.apt_options, *APT_OPTIONS)]
    options += [f"--dpkgopt={row}" for row in source.dpkg_options]
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--architectures=amd64"]
    argv += [f"--keyring={source.keyring}", f"--include={','.join(source.packages)}", *options]
    # mmdebstrap reads the sources from its standard input when the mirror is "-".
    done = subprocess.run(
        [*argv, source.suite, str(folder / "root"), "-"],
        input="\n".join(source.lines) + "\n",
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "APT_CONFIG"},
    )
    if done.returncode:
        rows = [row for row in done.stderr.splitlines() if row.startswith("E:")] or done.stderr.splitlines()[-3:]
        raise ConclaveError(
            f"no base image from {source.label}: {' '.join(rows)}",
            expected=f"every package of a small Debian 13 server: {', '.join(source.packages)}",
            todo="conclave bundle build, when the depot is incomplete",
            exit_code=ExitCode.MACHINE,
        )


def _finish(root: Path) -> None:
    """Take out what clones must not share and set what a blank host has."""
    foreign = ("etc/ssh/ssh_host_*", "etc/apt/sources.list*", "etc/apt/apt.conf.d/99mmdebstrap", "etc/resolv.conf")
    for private in (path for pattern in foreign for path in root.glob(pattern)):
        shutil.rmtree(private) if private.is_dir() else private.unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d").mkdir()
    (root / "etc/resolv.conf").touch()
    (root / "etc/machine-id").write_text("")
    # dpkg leaves manuals out, folders too, but alternatives of some packages insist on theirs.
    for section in range(1, 9):
        (root / f"usr/share/man/man{section}").mkdir(parents=True, exist_ok=True)
    # An image with a kernel has that kernel's modules at a place of their own.
    for modules in (root / "usr/lib/uml/modules").glob("*"):
        (root / "usr/lib/modules").mkdir(exist_ok=True)
        (root / "usr/lib/modules" / modules.name).symlink_to(f"../uml/modules/{modules.name}")
        (root / "etc/modules-load.d/conclave-lab.conf").write_text("ipv6\n")
    _systemctl(root, "enable", "systemd-networkd.service", "ssh.service")
    _systemctl(root, "mask", "systemd-networkd-wait-online.service", "console-getty.service")
    # The image is Debian's: apt's timers would ask for sources that a blank host does not have.
    _systemctl(root, "disable", "apt-daily.timer", "apt-daily-upgrade.timer")


def _systemctl(root: Path, *words: str) -> None:
    subprocess.run(["systemctl", f"--root={root}", *words], check=True, capture_output=True)


def _codename() -> str:
    rows = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    values = dict(row.split("=", 1) for row in rows if "=" in row)
    return values.get("VERSION_CODENAME", "").strip('"')


def _apt(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def _debian_packages(index: Path) -> str:
    """Hash the index without our own packages: a new portal does not change the base image."""
    digest = hashlib.sha256()
    for stanza in index.read_text(encoding="utf-8").split("\n\n"):
        if not stanza.startswith("Package: conclave-"):
            digest.update(
                "\n".join(row for row in stanza.splitlines() if row.startswith(("Package", "SHA256"))).encode()
            )
    return digest.hexdigest()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time make an image."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
