"""Variables beside hosts.yml that would say to Ansible alone what everybody else has from the site."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from conclave import paths
from conclave.site.file import File
from conclave.site.variables import reaches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conclave.site.file import Finding

_OURS = re.compile(r"conclave(_.*)?|catalog_.*")
# What Ansible reads of these folders: files of these names, and those without any ending.
_ENDINGS = {"", ".yml", ".yaml", ".json"}
_KEY = re.compile(r"^(\w+):", re.MULTILINE)
DERIVED = "nothing; the site's own files and the catalogue say it, to firewall and services alike"
_VAULT = b"$ANSIBLE_VAULT"


def refused(folder: Path) -> Iterator[Finding]:
    """Yield a finding for every variable in group_vars/ or host_vars/ of a site that is not for these files to set."""
    found = [file for part in ("group_vars", "host_vars") for file in sorted((folder / part).rglob("*"))]
    files = [file for file in found if file.is_file() and file.suffix in _ENDINGS and not file.name.startswith(".")]
    for path in files:
        if path.read_bytes().startswith(_VAULT):
            continue
        file = File(path, folder)
        for key in map(str, file.tree):
            if _OURS.fullmatch(key) or key in derived():
                file.found((key,), DERIVED)
            elif reaches(key):
                file.found((key,), "this variable in hosts.yml, where every command finds it")
        yield from file.findings


def derived() -> frozenset[str]:
    """Return the variables of roles that the product gives a value."""
    return _keys(paths.project_root() / "playbooks/group_vars/all")


@cache
def _keys(folder: Path) -> frozenset[str]:
    given = folder.glob("*.yml")
    return frozenset(key for file in given for key in _KEY.findall(file.read_text(encoding="utf-8")))
