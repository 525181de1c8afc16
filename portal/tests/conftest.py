"""One configuration file for the whole run; servers start when the first test needs them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# A short path: the address of a Unix socket has at most 108 characters.
FOLDER = Path(tempfile.mkdtemp(prefix="portal-", dir="/tmp"))
FOLDER.chmod(0o755)
CONFIG = FOLDER / "portal.toml"
CONFIG.write_text(
    f"""
[site]
name = "Test site"
domain = "conf.test"
contact = "help@conf.test"
language = "en"
networks = ["198.51.100.0/24", "2001:db8:1::/48"]
[uplink]
up = 50
down = 100
[mode]
state = "{FOLDER}/mode.json"
announcement = "{FOLDER}/announced.json"
[web]
public_url = "https://meet.conf.test"
allowed_hosts = ["meet.conf.test", "portal.conf.test"]
secret_key = "only-for-tests-only-for-tests-only-for-tests-only-for-tests"
[database]
host = "{FOLDER}"
[valkey]
url = "unix://{FOLDER}/valkey.sock"
[oidc]
issuer = "https://sso.conf.test/realms/conclave"
client_secret = "only-for-tests"
service_clients = ["conclave-probe"]
[livekit]
servers = ["http://127.0.0.1:1"]
url = "wss://media.conf.test/{{node}}"
key = "APIonlyfortests"
secret = "only-for-tests-only-for-tests-only-for-tests"
[livekit.ports]
udp = 7882
tcp = 7881
turn_udp = 3478
turn_tls = 443
""",
    encoding="utf-8",
)
os.environ["CONCLAVE_PORTAL_CONFIG"] = str(CONFIG)
os.environ["DJANGO_SETTINGS_MODULE"] = "conclave_portal.settings"
django.setup()


def pytest_unconfigure() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the sockets of this run are."""
    return FOLDER


@pytest.fixture(autouse=True)
def open_site() -> None:
    """Let the site be open unless a test says otherwise."""
    (FOLDER / "announced.json").unlink(missing_ok=True)
    (FOLDER / "mode.json").write_text('{"mode": "open", "since": "2030-01-01T08:00:00Z", "pending": null}')


@pytest.fixture(scope="session")
def postgresql(folder: Path) -> Iterator[None]:
    """Run a PostgreSQL server of our own."""
    import servers  # noqa: PLC0415 - Django must be configured first

    with servers.postgresql(folder):
        yield


@pytest.fixture(scope="session")
def valkey(folder: Path) -> Iterator[None]:
    """Run a cache of our own."""
    import servers  # noqa: PLC0415

    with servers.valkey(folder):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgresql: None) -> None:
    """Have a server before the test database is made."""
