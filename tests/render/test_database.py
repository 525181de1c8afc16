"""The portal's database on a real PostgreSQL: what the portal may not do there, at an older site, too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from tests.render.rendering import ROOT, place, render

from conclave import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = ROOT / "portal"
# Debian 12's PostgreSQL, which CI may have, does not know this way of naming the same order.
BUILTIN = "LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C.UTF-8''"
OLD = "SELECT 'CREATE ROLE portal LOGIN' \\gexec\nSELECT 'CREATE DATABASE portal OWNER portal' \\gexec\n"
ROW = "INSERT INTO audit_entry (at, action, actor, meeting, details) VALUES (%s, 'joined', 'Ada', 'm', %s)"
DETAILS = '{"address": "203.0.113.5", "guest": true}'
SALTED = ROW.replace("details", "details, salt").replace("%s)", "%s, %s)")
LOG = "ALTER TABLE audit_entry"
RECENT, LONG_AGO = "2026-01-01", "2020-01-01"


def _run(folder: Path, *argv: object) -> None:
    """Run a program of PostgreSQL, which refuses to be root."""
    words = [str(word) for word in argv]
    command = ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else words
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def _program(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return found[-1]


class Server:
    """A cluster of its own, whose socket is in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "portal.toml"

    def roles(self, text: str) -> None:
        """Run what the host runs when its roles are applied."""
        (self.folder / "roles.sql").write_text(text.replace(BUILTIN, "LC_COLLATE ''C'' LC_CTYPE ''C''"))
        psql = ["psql", "--no-psqlrc", "--quiet", "-h", self.folder, "-U", "postgres", "-f", self.folder / "roles.sql"]
        subprocess.run([*map(str, psql), "postgres"], check=True, capture_output=True, text=True)

    def manage(self, *words: object) -> str:
        environment = {"CONCLAVE_PORTAL_CONFIG": str(self.config), "PYTHONPATH": f"{PORTAL}:{ROOT / 'src'}"}
        command = [sys.executable, PORTAL / "manage.py", *words]
        argv, known = [str(word) for word in command], {**os.environ, **environment}
        return subprocess.run(argv, env=known, check=True, stdout=subprocess.PIPE, text=True).stdout

    def start_portal(self) -> None:
        """Do what its unit does before it starts."""
        self.manage("portal_migrate", "--owner", self.folder / "owner.toml")

    def export(self) -> str:
        """Return what `conclave audit` gets from the portal's host."""
        return self.manage("audit_export")

    def ask(self, statement: str, *values: object, user: str = "portal") -> list[tuple[object, ...]]:
        with psycopg.connect(host=str(self.folder), user=user, dbname="portal", autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def server() -> Iterator[Server]:
    # A short path: the address of a Unix socket has at most 108 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
    _run(folder, _program("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    control = [_program("pg_ctl"), "-D", data, "-w"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    try:
        _run(folder, *control, "-l", folder / "log", "-o", options, "start")
        made = Server(folder)
        text = (ROOT / "portal/tests/conftest.py").read_text().split('f"""\n')[1].split('"""')[0]
        made.config.write_text(text.replace("{FOLDER}", str(folder)).replace("{{node}}", "{node}"))
        place({"owner.toml": render("portal", "core1")["etc/conclave/portal/owner.toml"]}, folder)
        yield made
    finally:
        _run(folder, *control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def wanted() -> str:
    return str(render("postgresql", "core1")["etc/conclave/postgresql/roles.sql"]["content"])


def refused(server: Server, statement: str) -> bool:
    with pytest.raises(InsufficientPrivilege):
        server.ask(statement)
    return True


@pytest.mark.parametrize("older", [False, True])
def test_whoever_has_the_portals_rights_cannot_empty_the_audit_log(server: Server, wanted: str, older: bool) -> None:
    if older:
        server.roles(OLD)
        # Before entries had a chain.
        server.manage("migrate", "audit", "0003", "--verbosity", "0")
        server.manage("migrate", "meetings", "--verbosity", "0")
        server.ask(ROW, LONG_AGO, DETAILS)
        server.roles(wanted)
        # The service that still runs goes on, and can do to the log what it could before.
        server.ask(ROW, RECENT, DETAILS)
        server.ask("SELECT * FROM meetings_meeting")
        refused(server, "DELETE FROM audit_entry")
    server.roles(wanted)
    server.roles(wanted)
    server.start_portal()
    server.ask(f"{LOG} DISABLE TRIGGER audit_entry_begins", user="portal_owner")
    server.ask(SALTED, LONG_AGO, DETAILS, "s")
    server.ask(f"{LOG} ENABLE TRIGGER audit_entry_begins", user="portal_owner")
    server.ask(ROW, RECENT, DETAILS)
    for statement in (
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_entry SET action = 'left'",
        "UPDATE audit_entry SET actor = 'Eve'",
        "UPDATE audit_entry SET actor = '', salt = ''",
        "UPDATE audit_entry SET number = 0",
        "UPDATE audit_head SET number = 0",
        "UPDATE audit_policy SET days = 1",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE audit_entry",
        "DROP FUNCTION audit_entry_is_final CASCADE",
        "CREATE TABLE mine ()",
        "SET ROLE portal_owner",
        "DELETE FROM django_migrations",
    ):
        assert refused(server, statement), statement
    assert len(server.ask("SELECT 1 FROM audit_entry")) == (4 if older else 2)
    # All of them are in the chain, the older release's too.
    export = server.export()
    assert audit.verify(*audit.read(export)) == []
    assert export.count("Ada") == export.count("203.0.113.5") == (4 if older else 2)
    server.manage("portal_tidy")
    server.manage("portal_check", "database")
    grants = "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    granted = server.ask(grants)
    server.start_portal()
    assert server.ask(grants) == granted
    # The names and addresses whose time is over are gone.
    export = server.export()
    assert audit.verify(*audit.read(export)) == []
    assert export.count("Ada") == export.count("203.0.113.5") == 1
    assert server.ask("SELECT DISTINCT actor, details::text FROM audit_entry WHERE at < '2021-01-01'") == [
        ("", '{"guest": true}')
    ]
