"""Health checks against real servers: well, ill, and gone."""

from __future__ import annotations

import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from conclave_host import health
from conclave_host.health import local, over_http
from conclave_host.health.answer import Answer
from conclave_host.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "portal.conf.example.org"
A, AAAA = 1, 28


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers every path as the test says."""

    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Last-Modified", "Sun, 29 Nov 2026 12:00:00 GMT")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(status: int, body: bytes = b"", tls: Path | None = None) -> Iterator[int]:
    """Serve one answer on loopback; give the port."""
    handler = type("Handler", (_Answers,), {"status": status, "body": body})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "host.crt", tls / "host.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate for the portal's name, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME}".split()
    names = ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", f"{folder}/host.key", "-out", f"{folder}/host.crt"]
    subprocess.run(["openssl", *words, *names], check=True, capture_output=True)
    return folder


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def settings(**values: object) -> Settings:
    return Settings("test.json", dict(values))


@pytest.mark.parametrize(
    ("status", "body", "ok", "detail"),
    [
        (200, b"OK", True, "OK"),
        (406, b"Not Ready.", False, "status 406: Not Ready."),
    ],
)
def test_the_sfu_is_well_when_it_hears_from_valkey(status: int, body: bytes, ok: bool, detail: str) -> None:
    with served(status, body) as port:
        answer = over_http.sfu(settings(port=port))
    assert (answer.ok, answer.detail, answer.answered) == (ok, detail, True)


@pytest.mark.parametrize(
    ("status", "body", "ok", "detail"),
    [
        (200, b'{"status": "UP"}', True, "UP"),
        (503, b'{"status": "DOWN"}', False, "DOWN (503)"),
        (200, b"{}", False, "no answer: 'status'"),
        (200, b"<html>", False, "no answer: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_keycloak_is_well_when_it_says_so(status: int, body: bytes, ok: bool, detail: str) -> None:
    with served(status, body) as port:
        answer = over_http.identity_server(settings(port=port))
    assert (answer.ok, answer.detail) == (ok, detail)


def test_the_depot_is_well_when_it_has_its_package_list() -> None:
    with served(200) as port:
        assert over_http.package_list(settings(port=port)).detail.endswith("Sun, 29 Nov 2026 12:00:00 GMT")
    with served(404) as port:
        assert not over_http.package_list(settings(port=port)).ok


def test_the_portal_is_asked_by_its_name_and_tells_of_what_it_needs(tls: Path) -> None:
    authority = str(tls / "host.crt")
    with served(503, b'{"valkey": "down", "database": "up"}', tls) as port:
        answer = over_http.portal(settings(name=NAME, port=port, authority=authority))
        assert (answer.ok, answer.detail) == (False, "database: up, valkey: down")
        # Enough for its unit to count as started.
        assert answer.well(answers=True)
        other = over_http.portal(settings(name="meet.conf.example.org", port=port, authority=authority))
    assert not other.well(answers=True)
    assert "CERTIFICATE_VERIFY_FAILED" in other.detail


def test_the_client_s_page_must_come(tls: Path) -> None:
    for status, ok in ((200, True), (502, False)):
        with served(status, b"", tls) as port:
            answer = over_http.client_page(settings(name=NAME, port=port, authority=str(tls / "host.crt")))
        assert (answer.ok, answer.detail) == (ok, f"https://{NAME}/ answers {status}")


@pytest.mark.parametrize("check", [over_http.sfu, over_http.identity_server, over_http.package_list])
def test_a_service_that_is_gone_has_not_answered(check: object) -> None:
    answer = check(settings(port=closed_port()))  # type: ignore[operator]
    assert not answer.well(answers=True)
    assert "refused" in answer.detail


def test_a_certificate_that_ends_within_a_week_is_told(tls: Path) -> None:
    answer = local.certificate(settings(certificate=str(tls / "host.crt")))
    assert not answer.ok
    assert answer.detail.startswith("good until ")
    assert not local.certificate(settings(certificate=str(tls / "nothing"))).ok


@pytest.mark.parametrize(
    ("status", "said", "ok", "detail"),
    [
        (0, "C0000242,core1.conf.example.org,3,1.0,0.0,Normal\n", True, "follows core1.conf.example.org, stratum 3"),
        (0, "7F7F0101,,8,1.0,0.0,Normal\n", True, "follows itself, stratum 8"),
        (0, "C0000242,core1.conf.example.org,3,1.0,4.9,Normal\n", True, "follows core1.conf.example.org, stratum 3"),
        (0, "C0000242,core1.example.org,3,1.0,-180.2,Normal\n", False, "180 s off the time of core1.example.org"),
        (0, "00000000,,0,0.0,0.0,Not synchronised\n", False, "00000000,,0,0.0,0.0,Not synchronised"),
        (1, "506 Cannot talk to daemon\n", False, "506 Cannot talk to daemon"),
    ],
)
def test_a_clock_that_follows_nobody_or_is_wrong_is_told(status: int, said: str, ok: bool, detail: str) -> None:
    answer = local.tracking(status, said, "")
    assert (answer.ok, answer.detail) == (ok, detail)


def disk(size: int, free: int, files: int = 1000, free_files: int = 900) -> os.statvfs_result:
    """Return what a file system of so many MiB says; root may use some more than services may."""
    return os.statvfs_result((4096, local.MIB, size, free + 9, free, files, free_files, free_files, 0, 255))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (disk(4000, 400), ""),
        (disk(4000, 399), "399 MiB free on /var; expected: at least 400 MiB; do: `du -xh /var"),
        (disk(4000, 0), "0 MiB free on /var"),
        # Of a large disk a tenth would be nobody's worry.
        (disk(500_000, 1024), ""),
        (disk(500_000, 1023), "expected: at least 1024 MiB"),
        (disk(4000, 3000, 1000, 99), "99 files may still be made on /var; expected: at least a tenth of 1000"),
        # XFS and btrfs make room for files as they come.
        (disk(4000, 3000, 0, 0), ""),
    ],
)
def test_a_disk_that_is_nearly_full_is_told_with_what_to_do(state: os.statvfs_result, said: str) -> None:
    found = local.shortage("/var", state)
    assert said in found
    assert bool(found) is bool(said)


def test_a_full_disk_makes_its_host_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"/": disk(4000, 3000), "/var": disk(4000, 7)}
    monkeypatch.setattr(os, "statvfs", states.__getitem__)
    assert local.room(settings()).detail.startswith("7 MiB free on /var")
    assert not local.room(settings()).ok
    states["/var"] = disk(4000, 3000)
    assert local.room(settings()) == Answer(ok=True, detail="free: / has 3000 MiB")


@pytest.mark.parametrize(
    ("flags", "records", "ok"),
    [
        (0x8180, {A, AAAA}, True),
        # Where the site has no IPv4.
        (0x8180, {AAAA}, True),
        (0x8183, set(), False),
        (0x8180, set(), False),
        (0x8182, {A, AAAA}, False),
    ],
)
def test_a_name_server_must_know_an_address_of_the_site_s_name(flags: int, records: set[int], ok: bool) -> None:
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            question, peer = server.recvfrom(512)
            while question:
                asked.append(question)
                answers = int(int.from_bytes(question[-4:-2]) in records)
                head = question[:2] + flags.to_bytes(2) + question[4:6]
                server.sendto(head + answers.to_bytes(2) + question[8:], peer)
                question, peer = server.recvfrom(512)

        thread = threading.Thread(target=answer)
        thread.start()
        found = local.name_service(settings(name="ns.a.example", port=server.getsockname()[1]))
        server.sendto(b"", server.getsockname())
        thread.join()
    assert found.ok is ok
    assert asked[0][12:] == b"\2ns\1a\7example\0\0\1\0\1"


def test_valkey_must_refuse_who_has_no_password(tls: Path) -> None:
    for said, ok in ((b"-NOAUTH Authentication required.\r\n", True), (b"+PONG\r\n", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "host.crt", tls / "host.key")
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer(said: bytes = said, server: socket.socket = server, context: ssl.SSLContext = context) -> None:
                plain, _ = server.accept()
                with context.wrap_socket(plain, server_side=True) as connection:
                    assert connection.recv(64) == b"PING\r\n"
                    connection.sendall(said)

            thread = threading.Thread(target=answer)
            thread.start()
            port = server.getsockname()[1]
            found = local.message_bus(settings(name=NAME, port=port, authority=str(tls / "host.crt")))
            thread.join()
        assert (found.ok, found.detail) == (ok, said.decode().strip())


def test_the_program_asks_what_the_host_has_and_fails_when_one_is_ill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(200, b"OK") as well, served(503) as ill:
        (tmp_path / "livekit.json").write_text(json.dumps({"port": well}))
        assert health.main(["--folder", str(tmp_path)]) == 0
        (tmp_path / "keycloak.json").write_text(json.dumps({"port": ill}))
        assert health.main(["--folder", str(tmp_path)]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["service"], line["ok"]) for line in lines] == [
        ("livekit", True),
        ("keycloak", False),
        ("livekit", True),
    ]


def test_waiting_ends_when_the_service_is_well(tmp_path: Path) -> None:
    with served(503, b"starting") as port:
        (tmp_path / "livekit.json").write_text(json.dumps({"port": port}))
        assert health.main(["livekit", "--folder", str(tmp_path), "--wait", "0.1"]) == 1
        assert health.main(["livekit", "--folder", str(tmp_path), "--answers", "--wait", "5"]) == 0


@pytest.mark.parametrize(("name", "said"), [("", "no checks"), ("fax.json", "no check for fax")])
def test_a_host_without_checks_or_with_an_unknown_one_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    if name:
        (tmp_path / name).write_text("{}")
    assert health.main(["--folder", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_the_folder_of_checks_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no checks"):
        health.known(str(tmp_path / "nowhere"))
