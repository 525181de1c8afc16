"""The client of the SFU where there are several servers: real connections, to servers that answer as told."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from authority import write_certificates
from sfu_server import ROOMS, running

from sfu.client import Servers, Sfu, SfuError, context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def silent() -> Iterator[str]:
    """Take connections and never answer, as a host that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://localhost:{listener.getsockname()[1]}"


@pytest.fixture
def refusing() -> Iterator[str]:
    """Keep a port on which nobody listens."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://localhost:{kept.getsockname()[1]}"


def servers(*addresses: str, tls: ssl.SSLContext | None = None) -> Servers:
    return Servers(addresses, "key", "secret", tls)


def asked(among: Servers, seconds: float = 20) -> object:
    with Sfu(among, time.monotonic() + seconds) as sfu:
        return sfu.call("ListRooms", {})


def test_the_next_is_asked_when_one_refuses(refusing: str) -> None:
    with running() as well:
        assert asked(servers(refusing, well.address)) == ROOMS


def test_one_that_never_answers_leaves_time_for_the_next() -> None:
    with silent() as hanging, running() as well:
        assert asked(servers(hanging, well.address), seconds=2) == ROOMS


@pytest.mark.parametrize("status", [502, 503, 504])
def test_the_next_is_asked_when_one_cannot(status: int) -> None:
    with running(status, "no JSON object") as down, running() as well:
        assert asked(servers(down.address, well.address)) == ROOMS


def test_a_dead_server_costs_its_time_once() -> None:
    with running(502) as down, running() as well:
        known = servers(down.address, well.address)
        assert [asked(known) for _ in range(3)] == [ROOMS] * 3
        assert (down.asked, well.asked) == (1, 3)


def test_a_refusal_is_final() -> None:
    """Every server would say the same: the rooms are in their common store."""
    with running(404, {"code": "not_found"}) as one, running() as other:
        with pytest.raises(SfuError, match=r"^not_found$"):
            asked(servers(one.address, other.address))
        assert other.asked == 0


def test_a_room_whose_server_is_gone_is_a_room_that_is_not_there() -> None:
    """What LiveKit says of a room that ran on a server which was killed, until somebody opens it anew."""
    gone = {"code": "unknown", "msg": "could not find object"}
    with running(500, gone) as one, pytest.raises(SfuError, match=r"^not_found$"):
        asked(servers(one.address))
    with running(500, gone | {"msg": "something else"}) as one, pytest.raises(SfuError, match=r"^unknown$"):
        asked(servers(one.address))


def test_when_none_answers_the_last_failure_is_told(refusing: str) -> None:
    with running(503, {"code": "unavailable"}) as down:
        with pytest.raises(SfuError, match=r"^ConnectionRefusedError$"):
            asked(servers(down.address, refusing))
        with pytest.raises(SfuError, match=r"^unavailable$"):
            asked(servers(refusing, down.address))


def test_the_deadline_holds_for_all_servers_together() -> None:
    with ExitStack() as stack:
        hanging = [stack.enter_context(silent()) for _ in range(3)]
        began = time.monotonic()
        with pytest.raises(SfuError, match=r"^TimeoutError$"):
            asked(servers(*hanging), seconds=0.6)
        assert time.monotonic() - began < 3


def test_a_server_is_believed_under_its_own_name_only(tmp_path: Path) -> None:
    write_certificates(tmp_path)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(tmp_path / "host.crt", tmp_path / "host.key")
    trusting = context(tmp_path / "ca.crt", None, None)
    # Of the loopback network, the certificate names 127.0.0.1 only.
    with running(tls=shown) as own, running(tls=shown, host="127.0.0.2") as other:
        assert asked(servers(other.address, own.address, tls=trusting)) == ROOMS
        assert (other.asked, own.asked) == (0, 1)
        with pytest.raises(SfuError, match=r"^SSLCertVerificationError$"):
            asked(servers(other.address, tls=trusting))


def test_rooms_spread_over_the_servers_and_everybody_looks_for_a_room_in_the_same_order() -> None:
    one, other = (Servers(["https://media1.test:7443", "https://media2.test:7443"], "key", "secret") for _ in range(2))
    names = [f"room-{number}" for number in range(200)]
    orders = [one.in_order(name) for name in names]
    assert orders == [other.in_order(name) for name in names]
    first = [order[0] for order in orders]
    assert all(60 < first.count(address) < 140 for address in one.addresses)


def test_a_room_is_opened_on_the_server_where_it_belongs_and_on_the_next_when_that_is_down(refusing: str) -> None:
    """The address of the server that took it says through which one browsers signal."""
    with running(said={}) as one, running(said={}) as other:
        both = servers(one.address, other.address)
        for name in ("a", "b", "c", "d"):
            with Sfu(both, time.monotonic() + 5) as sfu:
                assert sfu.open({"name": name}) == both.in_order(name)[0]
        left = servers(refusing, other.address)
        for name in ("a", "b", "c", "d"):
            with Sfu(left, time.monotonic() + 5) as sfu:
                assert sfu.open({"name": name}) == other.address


def test_a_server_that_was_silent_is_asked_last_for_a_while(refusing: str) -> None:
    with running() as up:
        two = servers(refusing, up.address)
        assert two.in_order("")[0] == refusing
        asked(two)
        assert two.in_order("")[0] == up.address
