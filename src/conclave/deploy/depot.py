"""What the depot host serves now, asked over the same ssh that Ansible uses."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from conclave.catalog import Catalog
from conclave.deploy.journal import ssh

if TYPE_CHECKING:
    from conclave.site.model import Host

_SECONDS = 20


def installed(host: Host) -> dict[str, Any] | None:
    """Return the manifest of the release that a depot host serves; None when it serves none, or does not say.

    Who gets None checks a bundle's term as that of a new one; the depot's own check, which knows, comes later.
    """
    manifest = f"{Catalog.load().paths['depot']}/current/manifest.json"
    try:
        done = subprocess.run(
            [*ssh(), *host.login.arguments, shlex.join([*host.login.leader, "cat", manifest])],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        loaded = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None
