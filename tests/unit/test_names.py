"""A machine that does not know the site's names is told so in one sentence, before anything begins."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB
from typer.testing import CliRunner

from conclave import names
from conclave.cli import build
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.site.model import Site

NAME = f"meet.{LAB.domain}"


def nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine whose resolver knows no name."""

    def refuse(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def at_loopback() -> Site:
    """Return the lab's site with its core host on this machine."""
    core = LAB.host("core").model_copy(update={"ansible_host": "127.0.0.1", "conclave_address6": None})
    return LAB.model_copy(update={"hosts": tuple(core if host.name == core.name else host for host in LAB.hosts)})


@contextmanager
def name_server(flags: int, count: int) -> Iterator[int]:
    """Answer every question on loopback; give the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            while True:
                question, peer = server.recvfrom(512)
                if not question:
                    return
                head = question[:2] + flags.to_bytes(2, "big") + question[4:6] + count.to_bytes(2, "big")
                server.sendto(head + question[8:], peer)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def test_a_machine_that_knows_the_names_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [("192.0.2.34", 0)])
    names.require(LAB)


def test_a_machine_with_another_resolver_is_told_the_line_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_knows(monkeypatch)
    with name_server(0x8180, 1) as port:
        monkeypatch.setattr(names, "PORT", port)
        with pytest.raises(ConclaveError) as told:
            names.require(at_loopback(), told_elsewhere=True)
    assert told.value.exit_code is ExitCode.MACHINE
    assert told.value.found == f"this machine does not know {NAME}, and the site's name server 127.0.0.1 does"
    assert "`nameserver 127.0.0.1` the first line of /etc/resolv.conf" in told.value.todo


@pytest.mark.parametrize(("flags", "count"), [(0x8183, 0), (0x8185, 0), (0x8180, 0)])
def test_a_server_that_has_no_address_does_not_know_the_name(
    monkeypatch: pytest.MonkeyPatch, flags: int, count: int
) -> None:
    with name_server(flags, count) as port:
        monkeypatch.setattr(names, "PORT", port)
        assert not names.answers("127.0.0.1", NAME)


def test_a_silent_name_server_is_the_site_s_fault_and_named_where_the_site_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody_knows(monkeypatch)
    monkeypatch.setattr(names, "answers", lambda *_: False)
    names.require(LAB, told_elsewhere=True)
    with pytest.raises(ConclaveError, match="does not answer it") as told:
        names.require(LAB)
    assert told.value.exit_code is ExitCode.NOT_READY
    assert "MON-01" in told.value.todo


class BegunError(Exception):
    """The command has begun its work."""


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands end where their work begins, in a place where nobody knows the site's names."""

    def begin(*_: object, **__: object) -> None:
        raise BegunError

    monkeypatch.setattr("conclave.lab.enter", lambda *_: None)
    for work in ("verify.run.verify", "call.site.hold_at_site", "evidence.prove.prove", "crisis.switch"):
        monkeypatch.setattr(f"conclave.{work}", begin)
    nobody_knows(monkeypatch)
    monkeypatch.setattr(names, "answers", lambda *_: True)


@pytest.mark.usefixtures("begins")
@pytest.mark.parametrize(
    "words",
    [
        ["verify", "lab"],
        ["call", "lab"],
        ["crisis", "prove", "lab"],
        ["crisis", "rehearse", "lab", "--reason", "a drill"],
    ],
    ids=" ".join,
)
def test_a_command_that_needs_names_asks_before_it_begins(words: list[str]) -> None:
    done = CliRunner().invoke(build((words[0],)), words)
    assert isinstance(done.exception, ConclaveError)
    assert done.exception.found.startswith(f"this machine does not know {NAME}")


@pytest.mark.usefixtures("begins")
def test_the_cut_itself_waits_for_no_name() -> None:
    done = CliRunner().invoke(build(("crisis",)), ["crisis", "on", "lab", "--reason", "real"])
    assert isinstance(done.exception, BegunError)
