"""Install the browser client's locked packages into web/node_modules, in one step and without touching the lock."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from conclave.bundle.parts.web import complete

WEB = Path(__file__).resolve().parents[1] / "web"


def main() -> None:
    """Install beside, then exchange: who interrupts this keeps what was there."""
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=WEB) as temporary:
        folder = Path(temporary)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(WEB / name, folder / name)
        complete(folder / "package-lock.json")
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
        there = WEB / "node_modules"
        if there.exists():
            there.rename(folder / "old")
        (folder / "node_modules").rename(there)


if __name__ == "__main__":
    main()
