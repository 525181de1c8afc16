"""What must hold for every file of the repository."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlparse

import pytest

from .conftest import ROOT

PYTHON_LINES = 420
TASK_LINES = 120
BINARY = {".png", ".jpg", ".ico", ".woff2", ".webp"}


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _host(address: str) -> str:
    return urlparse(address if "://" in address else f"//{address}").hostname or ""


def registries() -> set[str]:
    """Return the hosts that this machine's package clients ask: their settings, or what they come with."""
    pip = _said(sys.executable, "-m", "pip", "config", "list")
    addresses = re.findall(r"https?://[^\s'\"]+", pip)
    # Without a setting pip asks these.
    code = "from pip._internal.models.index import PyPI as P; print(P.url, P.file_storage_domain)"
    addresses += _said(sys.executable, "-c", code).split()
    addresses.append(_said("npm", "config", "get", "registry").strip())
    addresses += [word for word in re.split("[,|]", _said("go", "env", "GOPROXY").strip()) if "." in word]
    addresses += re.findall(r"https?://[^\s]+", _said("apt-get", "indextargets", "--format", "$(SITE)"))
    addresses.append(_maven_central())
    local = {"localhost", "127.0.0.1", "::1", ""}
    return {_host(address) for address in addresses} - local


def _maven_central() -> str:
    """Return the address that Maven's own super POM names."""
    home = Path(shutil.which("mvn") or "").resolve().parents[1]
    jar = next((home / "lib").glob("maven-model-builder-*.jar"))
    with zipfile.ZipFile(jar) as archive:
        pom = archive.read("org/apache/maven/model/pom-4.0.0.xml").decode()
    return re.search(r"<url>(https?://[^<]+)</url>", pom)[1]  # type: ignore[index]


def test_no_file_names_a_registry(tracked: list[Path]) -> None:
    names = registries()
    assert len(names) >= 5
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names)))
    found = [
        f"{path}:{number}: {match[0]}"
        for path in tracked
        if path.suffix not in BINARY
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert found == [], "packages come from wherever the machine's clients are told to look"


def test_the_npm_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry and not entry.get("link")] == []


@pytest.mark.parametrize("lock", ["dev", "control", "portal", "collections"])
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
