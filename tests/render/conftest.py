"""What the tests of rendered files share: programs of the bundle and stand-ins for files of other packages."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.paths import cache_dir

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the SFU that the bundle carries."""
    built = sorted(
        cache_dir().glob("bundle/livekit/*/files/conclave-livekit_*_amd64.deb"), key=lambda path: path.stat().st_mtime
    )
    if not built:
        pytest.fail("no conclave-livekit package in the cache; run `conclave bundle build` first")
    folder = tmp_path_factory.mktemp("livekit")
    subprocess.run(["dpkg-deb", "--extract", str(built[-1]), str(folder)], check=True)
    return folder / "usr/lib/conclave/livekit/livekit-server"


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the files of /etc/conclave/tls, signed by themselves."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=test", "-keyout", str(folder / "host.key"), "-out", str(folder / "host.crt")]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("host-chain.crt", "ca.crt"):
        (folder / name).write_bytes((folder / "host.crt").read_bytes())
    return folder
