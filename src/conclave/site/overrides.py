"""Variables beside hosts.yml that would say to Ansible alone what everybody else has from the site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conclave import paths
from conclave.site.file import File

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conclave.site.file import Finding

_OURS = re.compile(r"conclave(_.*)?|catalog_.*")
# How a host is reached: preflight, checks and the crisis switch know what stands in hosts.yml, and nothing else.
_REACHING = re.compile(r"ansible_(host|port|user|connection|become|become_user|become_method)")
_KEY = re.compile(r"^(\w+):", re.MULTILINE)
_VAULT = "$ANSIBLE_VAULT"


def refused(folder: Path) -> Iterator[Finding]:
    """Yield a finding for every variable in group_vars/ or host_vars/ of a site that is not for these files to set."""
    files = [file for part in ("group_vars", "host_vars") for file in sorted((folder / part).rglob("*.y*ml"))]
    derived = _derived() if files else frozenset()
    for path in files:
        if path.read_text(encoding="utf-8").startswith(_VAULT):
            continue
        file = File(path, folder)
        for key in map(str, file.tree):
            if _OURS.fullmatch(key) or key in derived:
                file.found(
                    (key,), "nothing; the site's own files and the catalogue say it, to firewall and services alike"
                )
            elif _REACHING.fullmatch(key):
                file.found((key,), "this variable in hosts.yml, where every command finds it")
        yield from file.findings


def _derived() -> frozenset[str]:
    """Return the variables of roles that the product gives a value."""
    given = (paths.project_root() / "playbooks/group_vars/all").glob("*.yml")
    return frozenset(key for file in given for key in _KEY.findall(file.read_text(encoding="utf-8")))
