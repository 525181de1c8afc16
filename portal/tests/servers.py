"""Real servers for tests: private, on sockets in a folder of their own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Iterator


def _newest(program: str) -> Path:
    """Find a PostgreSQL program; Debian keeps them below the version's folder."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    if not found:
        message = f"{program} is not there: apt-get install postgresql"
        raise FileNotFoundError(message)
    return found[-1]


def _as_postgres(*argv: str | Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    command = [str(part) for part in argv]
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextlib.contextmanager
def postgresql(folder: Path, port: int | None = None) -> Iterator[None]:
    """Run a new cluster whose socket is in `folder`; user and password do not matter there.

    Parameters
    ----------
    folder:
        An empty folder with a short path.
    port:
        Also listen on loopback; None for the socket only.
    """
    data = folder / "pg"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
    subprocess.run(
        _as_postgres(_newest("initdb"), "-D", data, "-A", "trust", "-U", "portal", "-E", "UTF8", "--no-sync"),
        check=True,
        capture_output=True,
        cwd=folder,
    )
    network = f"-c listen_addresses=127.0.0.1 -p {port}" if port else "-c listen_addresses="
    options = f"-k {folder} {network} -c fsync=off -c full_page_writes=off"
    control = [_newest("pg_ctl"), "-D", data, "-w"]
    subprocess.run(
        _as_postgres(*control, "-l", folder / "pg.log", "-o", options, "start"),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        yield
    finally:
        subprocess.run(_as_postgres(*control, "-m", "immediate", "stop"), check=True, capture_output=True, cwd=folder)


@contextlib.contextmanager
def valkey(folder: Path) -> Iterator[None]:
    """Run a cache whose socket is in `folder`: Valkey, or Redis where Debian has no Valkey yet."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        message = "neither valkey-server nor redis-server is there: apt-get install redis-server"
        raise FileNotFoundError(message)
    socket = folder / "valkey.sock"
    argv = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        try:
            _answers(socket)
            yield
        finally:
            process.terminate()


@retry(
    retry=retry_if_exception_type(redis.ConnectionError), stop=stop_after_delay(10), wait=wait_fixed(0.05), reraise=True
)
def _answers(socket: Path) -> None:
    with redis.Redis(unix_socket_path=str(socket)) as connection:
        connection.ping()


def create_database(folder: Path, port: int, name: str) -> None:
    """Create a database in the cluster of `folder`."""
    argv = _as_postgres(_newest("createdb"), "-h", folder, "-p", str(port), "-U", "portal", name)
    subprocess.run(argv, check=True, cwd=folder)


def trust(ca: Path) -> ssl.SSLContext:
    """Return a TLS context that trusts one CA."""
    return ssl.create_default_context(cafile=str(ca))
