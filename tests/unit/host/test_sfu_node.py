"""A node whose process has ended is taken out of the SFU's list, and no other node is."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from conclave_host import sfu_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "valkey-for-tests"
# As LiveKit 1.13.5 writes them: id, address, number of processors, what follows.
DEAD, ALIVE, NEAR = b"ND_7f8g9h0j1k2l", b"ND_qwertzuiopas", b"ND_yxcvbnmasdfg"


def record(node: bytes, address: bytes) -> bytes:
    return b"\n%c%b\x12%c%b\x18\x02\x22\x05\x08\x80\x0a\r\n" % (len(node), node, len(address), address)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[sfu_node.Settings]:
    """Run a server as the role does: over TLS only, with a user who may do no more than LiveKit's."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program, "neither valkey-server nor redis-server is there: apt-get install redis-server"
    certificate, key = str(tmp_path / "host.crt"), str(tmp_path / "host.key")
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    users = tmp_path / "users.acl"
    users.write_text(f"user default on nopass ~* +@all\nuser livekit on >{PASSWORD} ~nodes -@all +@hash +@connection\n")
    run = [program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    run += ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate]
    run += ["--tls-auth-clients", "optional", "--aclfile", str(users)]
    server = subprocess.Popen(run, stdout=subprocess.DEVNULL)
    try:
        listens(port)
        yield sfu_node.Settings("localhost", port, "livekit", certificate, certificate, key, "192.0.2.34")
    finally:
        server.kill()
        server.wait()


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(15), wait=wait_fixed(0.05), reraise=True)
def listens(port: int) -> None:
    socket.create_connection(("localhost", port), timeout=1).close()


def run(settings: sfu_node.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str = PASSWORD) -> int:
    file = tmp_path / "node.json"
    file.write_text(json.dumps(dataclasses.asdict(settings)))
    monkeypatch.setenv(sfu_node.PASSWORD, password)
    return sfu_node.main([str(file)])


def nodes(settings: sfu_node.Settings) -> redis.Redis:
    return redis.Redis("localhost", settings.port, ssl=True, ssl_ca_certs=settings.ca)


def test_only_the_records_of_this_address_are_removed(
    settings: sfu_node.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nodes(settings) as there:
        there.hset("nodes", DEAD, record(DEAD, b"192.0.2.34"))
        there.hset("nodes", ALIVE, record(ALIVE, b"192.0.2.35"))
        # Its address begins as ours does.
        there.hset("nodes", NEAR, record(NEAR, b"192.0.2.3"))
        assert run(settings, tmp_path, monkeypatch) == 0
        assert set(there.hgetall("nodes")) == {ALIVE, NEAR}
    assert DEAD.decode() in capsys.readouterr().err


def test_a_node_that_stopped_in_order_has_left_nothing(
    settings: sfu_node.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nodes(settings) as there:
        there.hset("nodes", ALIVE, record(ALIVE, b"192.0.2.35"))
        assert run(settings, tmp_path, monkeypatch) == 0
        assert set(there.hgetall("nodes")) == {ALIVE}


@pytest.mark.parametrize("change", ["password", "port"])
def test_while_valkey_refuses_or_is_gone_the_sfu_is_not_started_again_and_again(
    change: str,
    settings: sfu_node.Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if change == "port":
        settings = dataclasses.replace(settings, port=1)
    pauses: list[float] = []
    monkeypatch.setattr(sfu_node.time, "sleep", pauses.append)
    assert run(settings, tmp_path, monkeypatch, "wrong" if change == "password" else PASSWORD) == 1
    assert "the list of nodes was not changed" in capsys.readouterr().err
    assert pauses == [sfu_node.SECONDS]
