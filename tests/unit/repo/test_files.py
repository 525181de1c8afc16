"""What must hold for every file of the repository."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from .conftest import ROOT

PYTHON_LINES = 420
TASK_LINES = 120
BINARY = {".png", ".jpg", ".ico", ".woff2", ".webp"}


# Where package clients ask unless they are told otherwise, by the first digits of each name's SHA-256: this file, too,
# names no registry.
USUAL = frozenset(
    {
        "00a7dc5a0cc38858",
        "0dc11026ac75c015",
        "1ba4e37997a2e986",
        "317d2d52829b7812",
        "3d01f3609be82d98",
        "43c04ed1dabe979b",
        "789e46d79514e280",
        "9da5f32d96412512",
        "a4aa2ac280bb8d1a",
        "c899567ee9068517",
        "e680c440a2e92079",
        "eb7e11c7f9ecbcf4",
    }
)
# Where this machine's clients are told to ask: pip, npm, Go, Maven, apt and cargo, read as files, for a test of the
# repository needs no client.
SETTINGS = (
    *("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf", "~/.npmrc", "~/.config/go/env"),
    *("~/.m2/settings.xml", "/etc/apt/sources.list", "~/.cargo/config.toml"),
)
ADDRESS = re.compile(r"https?://(?:[^\s'\"/@]*@)?([a-z0-9.-]+\.[a-z0-9-]+)", flags=re.IGNORECASE)
NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", flags=re.IGNORECASE)


def registries() -> set[str]:
    """Return the hosts that this machine's package clients are told to ask."""
    files = [Path(name).expanduser() for name in SETTINGS]
    files += sorted(Path("/etc/apt/sources.list.d").glob("*"))
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    keys = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "NPM_CONFIG_REGISTRY", "GOPROXY")
    texts += [os.environ.get(name, "") for key in keys for name in (key, key.lower())]
    return {name.lower() for text in texts for name in ADDRESS.findall(text)}


def _is_usual(name: str) -> bool:
    return hashlib.sha256(name.lower().encode()).hexdigest()[:16] in USUAL


def test_no_file_names_a_registry(tracked: list[Path]) -> None:
    told = registries()
    found = [
        f"{path}:{number}: {name}"
        for path in tracked
        if path.suffix not in BINARY
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        for name in NAME.findall(line)
        if name.lower() in told or _is_usual(name)
    ]
    assert found == [], "packages come from wherever the machine's clients are told to look"


def test_a_registry_would_be_noticed() -> None:
    # Put together here, so that the line above does not find it.
    python = ("files", "pythonhosted", "org")
    assert _is_usual(".".join(python))
    assert ADDRESS.findall("index = https://someone:secret@packages.example.org/simple") == ["packages.example.org"]


def test_the_npm_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry and not entry.get("link")] == []


@pytest.mark.parametrize("lock", ["dev", "control", "portal"])
def test_every_locked_package_has_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    packages = re.findall(
        r"^([a-z0-9][^=\s]*)==(\S+)([^\n]*(?:\n\s+[^\n]*)*)", text, flags=re.MULTILINE | re.IGNORECASE
    )
    assert packages
    assert [name for name, _, rest in packages if "--hash=sha256:" not in rest] == []


def test_no_secret_is_committed(tracked: list[Path]) -> None:
    begin = "-----BEGIN"
    found = []
    for path in tracked:
        if path.suffix in BINARY:
            continue
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        if path.name == "secrets.yml" and not text.startswith("$ANSIBLE_VAULT;"):
            found.append(f"{path}: not encrypted")
        if re.search(rf"^\s*{begin} [A-Z ]*PRIVATE KEY-----\s*$", text, flags=re.MULTILINE):
            found.append(f"{path}: a private key")
    assert found == []


def test_files_have_one_subject_and_a_length_to_match(tracked: list[Path]) -> None:
    limits = {"py": PYTHON_LINES, "task": TASK_LINES}
    found = []
    for path in tracked:
        kind = "task" if path.match("roles/*/tasks/*.yml") or path.match("roles/*/handlers/*.yml") else path.suffix[1:]
        if kind not in limits or "migrations" in path.parts:
            continue
        lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        if lines > limits[kind]:
            found.append(f"{path}: {lines} lines, at most {limits[kind]}")
    assert found == []


def test_the_list_of_debian_packages_is_sorted_and_complete() -> None:
    from conclave.lab.needs import TOOLS  # noqa: PLC0415

    lines = (ROOT / "requirements" / "debian.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert packages == sorted(set(packages))
    # Every Debian has these.
    assert set(TOOLS.values()) - set(packages) <= {"util-linux", "systemd"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", ".ci/run"])
def test_what_a_newcomer_looks_for_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_unit_tests_lie_where_what_they_test_lies() -> None:
    source, beside = ROOT / "src/conclave", {"bench", "host", "plugins", "repo"}
    tests = ROOT / "tests/unit"
    folders = {path.parent.relative_to(tests).parts[0] for path in tests.glob("*/**/test_*.py")}
    assert {name for name in folders - beside if not (source / name).is_dir()} == set()
    single = {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")}
    assert {name for name in single if not (source / f"{name}.py").is_file()} == set()


def test_every_test_at_a_deployed_site_is_run() -> None:
    """The folders stand in the Makefile one by one, for their order counts."""
    folders = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests/site").rglob("test_*.py")}
    called = set(re.findall(r"tests/site/\w+", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert folders - called == set()
