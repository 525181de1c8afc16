"""Print the machine's pip settings as shell exports for uv, which does not read pip's files."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

# Later ones win, as in pip.
ORDER = ("global", "user", "site", "install", ":env:")


def pip_settings() -> dict[str, str]:
    """Return pip's settings by option name."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found: dict[str, str] = {}
    rows = [line.partition("=") for line in listed.stdout.splitlines() if "=" in line]
    for key, _, value in sorted(
        rows, key=lambda row: ORDER.index(p) if (p := row[0].rpartition(".")[0]) in ORDER else 0
    ):
        found[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    return found


def main() -> None:
    """Print the exports."""
    pip = pip_settings()
    uv = {"UV_SYSTEM_CERTS": "1"}
    if index := pip.get("index-url"):
        uv["UV_DEFAULT_INDEX"] = index
    if extra := pip.get("extra-index-url"):
        uv["UV_INDEX"] = " ".join(extra.split())
    # A folder that is not there is nothing to pip, and an error to uv.
    links = [link for link in pip.get("find-links", "").split() if "://" in link or Path(link).exists()]
    if links:
        uv["UV_FIND_LINKS"] = ",".join(links)
    if (hosts := pip.get("trusted-host")) is not None:
        uv["UV_INSECURE_HOST"] = " ".join(hosts.split())
    if (certificate := pip.get("cert")) and "SSL_CERT_FILE" not in os.environ:
        uv["SSL_CERT_FILE"] = certificate
    for name, value in uv.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
