"""The built client in Chromium, at the bundle's SFU on loopback, behind a proxy that lies."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.paths import cache_dir, project_root

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 400


@pytest.fixture(scope="module")
def livekit_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packages = cache_dir().glob("bundle/livekit/*/files/conclave-livekit_*_amd64.deb")
    newest = max(packages, key=lambda package: package.stat().st_mtime, default=None)
    assert newest, "no conclave-livekit package in the cache; run `conclave bundle build` first"
    folder = tmp_path_factory.mktemp("livekit")
    subprocess.run(["dpkg-deb", "--extract", newest, folder], check=True)
    return folder / "usr/lib/conclave/livekit/livekit-server"


@pytest.fixture(scope="module")
def web() -> Path:
    folder = project_root() / "web"
    subprocess.run(["npm", "--prefix", folder, "run", "build"], check=True)
    return folder


def test_the_client_at_an_sfu_that_lies(web: Path, livekit_server: Path, tmp_path: Path) -> None:
    # What is held against it stands at the head of the program.
    environment = os.environ | {"LIVEKIT_SERVER": str(livekit_server), "PICTURES": str(tmp_path)}
    argv = ["node", web / "dev/hostile.mjs"]
    ended = subprocess.run(argv, cwd=web, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
