"""Hand a new TLS certificate to the services that use it."""

from __future__ import annotations

import subprocess
import sys

from conclave_host.settings import FOLDER, Settings, SettingsError

UNUSABLE = 2


def main(_arguments: list[str]) -> int:
    """Reload or restart each unit; those that this host does not have, or that do not run, stay as they are."""
    try:
        units = Settings.load(f"{FOLDER}/tls.json").texts("units")
    except SettingsError as error:
        print(f"tls-reload: {error}", file=sys.stderr)
        return UNUSABLE
    worst = 0
    for unit in units:
        if subprocess.run(["systemctl", "--quiet", "is-active", unit], check=False).returncode == 0:
            # One that refuses must not keep the certificate from the others.
            worst = max(worst, subprocess.run(["systemctl", "reload-or-restart", unit], check=False).returncode)
    return worst
