"""The ports of nginx outlive it: who connects while it starts anew waits, and is served by the next one."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.render.rendering import render
from tests.render.test_nginx_reload import started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNIT = "etc/systemd/system/nginx.service.d/conclave.conf"
SOCKET = "etc/systemd/system/nginx.socket"
FILES = """
pid {folder}/pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen {v4}; listen [::]:{v6}; location / {{ return 204; }} }}
}}
"""
# Every address of a family, as nginx has it.
PLACES = [(socket.AF_INET, ("", 0)), (socket.AF_INET6, ("::", 0))]
# Put where systemd puts them: from descriptor 3 on.
GIVE = """
import os, sys
first, last, *argv = sys.argv[1:]
os.dup2(int(first), 100); os.dup2(int(last), 101)
os.dup2(100, 3); os.dup2(101, 4)
os.execvp(argv[0], argv)
"""


def nginx(folder: Path, held: list[socket.socket], command: list[str]) -> subprocess.Popen[bytes]:
    numbers = [one.fileno() for one in held]
    argv = [sys.executable, "-c", GIVE, *map(str, numbers), *command, "-c", str(folder / "nginx.conf")]
    return subprocess.Popen(argv, pass_fds=numbers, start_new_session=True)


@pytest.mark.parametrize(
    ("host", "ports"), [("edge1", [443]), ("media1", [7443]), ("depot1", None)], ids=["edge", "media", "depot"]
)
def test_every_port_that_a_server_listens_on_is_held(host: str, ports: list[int] | None) -> None:
    files = render("nginx", host)
    role = {"edge1": "edge", "media1": "livekit", "depot1": "depot"}[host]
    text = "".join(item["content"] for path, item in render(role, host).items() if "/nginx/" in path)
    listens = {int(port) for port in re.findall(r"^\s+listen (\d+)", text, re.MULTILINE)}
    held = re.findall(r"^ListenStream=(.+)$", files[SOCKET]["content"], re.MULTILINE)
    assert held == [address for port in sorted(listens) for address in (f"0.0.0.0:{port}", f"[::]:{port}")]
    assert ports is None or listens == set(ports)
    given = re.search(r"NGINX=([\d;]+) ", files[UNIT]["content"])
    assert given
    # By default systemd hands out sockets on which accept() waits: two workers, one connection, and one of them hangs.
    assert "NonBlocking=yes" in files[UNIT]["content"].splitlines()
    assert given[1] == "".join(f"{3 + number};" for number in range(len(held)))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def test_whoever_connects_to_a_dead_nginx_is_served_by_the_next(tmp_path: Path, stack: ExitStack) -> None:
    held = [stack.enter_context(socket.create_server(place, family=family)) for family, place in PLACES]
    v4, v6 = (one.getsockname()[1] for one in held)
    (tmp_path / "nginx.conf").write_text(FILES.format(folder=tmp_path, v4=v4, v6=v6), encoding="utf-8")
    found = re.search(r"^ExecStart=(.+NGINX.+)$", render("nginx", "media1")[UNIT]["content"], re.MULTILINE)
    assert found
    first = nginx(tmp_path, held, found[1].split())
    started(first.pid)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(timeout=10)
    with socket.create_connection(("127.0.0.1", v4), timeout=20) as waiting:
        waiting.sendall(b"GET / HTTP/1.0\r\n\r\n")
        second = nginx(tmp_path, held, found[1].split())
        try:
            assert waiting.recv(100).startswith(b"HTTP/1.1 204")
            with socket.create_connection(("::1", v6), timeout=20) as other:
                other.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert other.recv(100).startswith(b"HTTP/1.1 204")
        finally:
            second.terminate()
            second.wait(timeout=10)
