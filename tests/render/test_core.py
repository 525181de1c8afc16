"""The files of database, message bus, sign-in and portal."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import redis
from ansible.errors import AnsibleActionFail
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed
from tests.render.rendering import ROOT, SECRETS, place, render

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ("postgresql", "valkey", "keycloak", "portal")


@pytest.fixture(scope="module")
def core() -> dict[str, dict[str, Any]]:
    return {path: item for role in ROLES for path, item in render(role, "core1").items()}


def test_secrets_stand_only_in_files_that_others_may_not_read(core: dict[str, Any]) -> None:
    held = {path for path, item in core.items() if any(value in item["content"] for value in SECRETS.values())}
    assert held == {
        "etc/conclave/keycloak/secrets.env",
        "etc/conclave/portal/owner.toml",
        "etc/conclave/portal/portal.toml",
    }
    assert all(int(core[path]["mode"], 8) & 0o007 == 0 for path in held)


def test_the_portal_cannot_read_the_password_of_its_databases_owner(core: dict[str, Any]) -> None:
    owner = core["etc/conclave/portal/owner.toml"]
    assert (owner.get("owner", "root"), owner["mode"]) == ("root", "0600")
    assert SECRETS["secret_postgresql_portal_owner"] not in core["etc/conclave/portal/portal.toml"]["content"]


def test_the_database_is_reached_over_tls_with_a_password_or_as_postgres_on_the_host(core: dict[str, Any]) -> None:
    rows = [
        row.split()
        for row in core["etc/conclave/postgresql/pg_hba.conf"]["content"].splitlines()
        if row and row[0] != "#"
    ]
    assert rows[0] == ["local", "all", "postgres", "peer"]
    assert all(
        row[0] == "hostssl" and row[-1] == "scram-sha-256" and row[2] in {row[1], f"{row[1]}_owner"} for row in rows[1:]
    )
    assert {row[3] for row in rows[1:]} == {"samehost", "192.0.2.66/32", "2001:db8:1:3::2/128"}


def test_the_verifier_of_a_password_is_the_one_of_the_rfc(core: dict[str, Any]) -> None:
    """RFC 5802, section 3: the stored key is the hash of the key a client proves to have."""
    text = core["etc/conclave/postgresql/roles.sql"]["content"]
    verifier = text.split("ALTER ROLE portal")[1].split("'")[1]
    _, iterations_salt, keys = verifier.split("$")
    iterations, salt = iterations_salt.split(":")
    salted = hashlib.pbkdf2_hmac(
        "sha256", SECRETS["secret_postgresql_portal"].encode(), base64.b64decode(salt), int(iterations)
    )
    client = hmac.digest(salted, b"Client Key", "sha256")
    assert keys.split(":")[0] == base64.b64encode(hashlib.sha256(client).digest()).decode()


def test_valkey_speaks_tls_only_keeps_rooms_and_lets_nobody_in_unnamed(core: dict[str, Any]) -> None:
    settings = dict(
        row.split(maxsplit=1)
        for row in core["etc/conclave/valkey/valkey.conf"]["content"].splitlines()
        if row and row[0] != "#"
    )
    assert settings["port"] == "0"
    assert settings["appendonly"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"
    users = core["etc/conclave/valkey/users.acl"]["content"].splitlines()
    assert users[0].startswith("user default off")
    assert "~*" not in "".join(users)
    assert "+@all" not in "".join(users)
    assert hashlib.sha256(SECRETS["secret_valkey_portal"].encode()).hexdigest() in users[2]


def test_keycloak_has_no_plain_http_and_verifies_its_database(core: dict[str, Any]) -> None:
    settings = dict(
        row.split("=", 1)
        for row in core["etc/conclave/keycloak/keycloak.conf"]["content"].splitlines()
        if row and row[0] != "#"
    )
    assert settings["http-enabled"] == "false"
    assert "sslmode=verify-full" in settings["db-url"]
    assert settings["http-management-host"] == "127.0.0.1"
    assert settings["proxy-trusted-addresses"] == "192.0.2.2"
    assert "-Dliquibase.analytics.enabled=false" in core["etc/systemd/system/conclave-keycloak.service"]["content"]


def test_keycloak_takes_an_ipv6_address_of_the_edge_for_an_address() -> None:
    """Quarkus reads what has no length from its last colon on as a port, and then asks the name service each time."""
    item = render("keycloak", "core1", keycloak_proxies=["192.0.2.2", "2001:db8:1:1::2"])
    content = item["etc/conclave/keycloak/keycloak.conf"]["content"]
    assert "\nproxy-trusted-addresses=192.0.2.2,2001:db8:1:1::2/128\n" in content


def test_the_portal_reads_its_file(core: dict[str, Any], tmp_path: Path) -> None:
    place({"portal.toml": core["etc/conclave/portal/portal.toml"]}, tmp_path)
    program = "from conclave_portal.config import load; print(load().livekit.url)"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "portal"),
        "CONCLAVE_PORTAL_CONFIG": str(tmp_path / "portal.toml"),
    }
    read = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stdout) == (0, "wss://media.conf.lab.example/{node}\n"), read.stderr


def test_the_portal_gets_the_levels_as_the_site_has_tightened_them(tmp_path: Path) -> None:
    levels = {"standard": {"recording": "never", "place": "site"}, "default": "internal", "open": {"guests": "named"}}
    place({"portal.toml": render("portal", "core1", portal_levels=levels)["etc/conclave/portal/portal.toml"]}, tmp_path)
    assert tomllib.loads((tmp_path / "portal.toml").read_text())["levels"] == levels


def test_the_portals_user_follows_its_own_channels_and_reads_nothing_of_the_sfu(
    core: dict[str, Any], tmp_path: Path
) -> None:
    place({"users.acl": core["etc/conclave/valkey/users.acl"]}, tmp_path)
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program, "neither valkey-server nor redis-server is there: apt-get install redis-server"
    socket = tmp_path / "s"
    argv = [program, "--port", "0", "--unixsocket", socket, "--save", "", "--aclfile", tmp_path / "users.acl"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, cwd=tmp_path) as server:
        try:
            who = {"username": "portal", "password": SECRETS["secret_valkey_portal"]}
            client = redis.Redis(unix_socket_path=str(socket), **who)
            for attempt in Retrying(
                stop=stop_after_delay(20), wait=wait_fixed(0.05), retry=retry_if_exception_type(redis.ConnectionError)
            ):
                with attempt:
                    client.ping()
            with client.pubsub(ignore_subscribe_messages=True) as changes:
                changes.subscribe("portal:2:room:x")
                assert client.publish("portal:2:room:x", "") == 1
            client.set("portal:2:a", 1)
            for command in (["PUBLISH", "rooms", ""], ["SUBSCRIBE", "x"], ["GET", "rooms"], ["PSUBSCRIBE", "*"]):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*command)
        finally:
            server.terminate()


def test_a_password_that_is_not_random_never_becomes_a_verifier() -> None:
    with pytest.raises(AnsibleActionFail, match="not a random one"):
        render("postgresql", "core1", postgresql_databases={"portal": "summer2026"})
