"""Whom the edge limits, asked of nginx itself: an address, or the /64 network of an IPv6 address."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from tests.render.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EDGE = "etc/nginx/conclave.d/http/edge.conf"
STREAM = "etc/nginx/conclave.d/stream/edge.conf"
# One request an hour of each source; the address comes in a header, as it comes from the PROXY protocol at the edge.
SERVER = """
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    {source}
    limit_req_zone $edge_source zone=probe:1m rate=1r/m;
    server {{
        listen unix:{folder}/socket;
        set_real_ip_from unix:;
        real_ip_header X-Real-IP;
        location / {{ limit_req zone=probe nodelay; try_files /x =404; }}
    }}
}}
"""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        # Kept first: who closes the connection closes a socket that could not connect, too.
        self.sock.connect(self._path)


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(10), wait=wait_fixed(0.05), reraise=True)
def asked(folder: Path, address: str) -> bool:
    """Say whether a request of an address is let pass."""
    with closing(_Connection(str(folder / "socket"))) as connection:
        connection.request("GET", "/", headers={"X-Real-IP": address})
        with connection.getresponse() as answer:
            return answer.status == 404


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    (source,) = re.findall(r"map \$binary_remote_addr \$edge_source \{.*?\n\}", edge(EDGE), re.DOTALL)
    (tmp_path / "nginx.conf").write_text(SERVER.format(folder=tmp_path, source=source))
    with subprocess.Popen(["nginx", "-c", tmp_path / "nginx.conf"]) as process:
        try:
            yield tmp_path
        finally:
            process.terminate()


def edge(path: str) -> str:
    return str(render("edge", "edge1")[path]["content"])


def test_the_addresses_of_one_ipv6_network_have_one_limit(running: Path) -> None:
    # Bytes that end a line and a string in other places are ordinary ones here.
    assert asked(running, "2001:db8:a0a:a00::1")
    assert not asked(running, "2001:db8:a0a:a00:a0a::2")
    assert asked(running, "2001:db8:a0a:a01::1")
    assert asked(running, "192.0.2.1")
    assert not asked(running, "192.0.2.1")
    assert asked(running, "192.0.2.2")


@pytest.mark.parametrize("path", [EDGE, STREAM])
def test_nothing_is_limited_by_a_whole_address(path: str) -> None:
    zones = re.findall(r"limit_(?:req|conn)_zone (\S+)", edge(path))
    assert zones
    assert set(zones) <= {"$edge_source", "$edge_attempt"}
