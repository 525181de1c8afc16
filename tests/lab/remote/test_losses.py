"""Hosts that hang, die, or were never there: each is told apart, in time, and holds nobody up."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from conclave.remote import DeadlineError, LostError, UnreachableError, together
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.remote.conftest import Hosts

    Connect = Callable[..., Connection]

pytestmark = pytest.mark.lab
LISTENER = "$(systemctl show -P MainPID ssh)"
CUT = """
nft add table inet gone
nft add chain inet gone input '{ type filter hook input priority -1; policy drop; }'
"""


def took(act: Callable[[], object], kind: type[Exception], match: str) -> float:
    """Return the seconds until it failed as it should."""
    begin = time.monotonic()
    with pytest.raises(kind, match=match):
        act()
    return time.monotonic() - begin


def test_a_host_that_accepts_and_says_nothing_is_given_up_in_time(hosts: Hosts) -> None:
    hosts.on("other", f"kill -STOP {LISTENER}")
    try:
        seconds = took(lambda: Connection(hosts.login("other"), 1.0), UnreachableError, "no answer within 1 s")
    finally:
        hosts.on("other", f"kill -CONT {LISTENER}")
    assert 0.9 < seconds < 3


def test_a_port_where_nobody_listens_is_said_at_once(hosts: Hosts) -> None:
    assert took(lambda: Connection(hosts.login("plain", port=4)), UnreachableError, "refused") < 3


def test_what_speaks_but_not_ssh_is_no_host(hosts: Hosts) -> None:
    hosts.on("plain", "systemd-run --quiet --unit talk -- python3 -m http.server 8022")
    hosts.on("plain", "until ss -Hltn | grep -q :8022; do :; done")
    took(lambda: Connection(hosts.login("plain", port=8022), 3.0), UnreachableError, "banner|no answer")
    hosts.on("plain", "systemctl stop talk")


def test_a_command_that_takes_too_long_is_left(connect: Connect) -> None:
    connection = connect("plain")
    assert took(lambda: connection.run("sleep", "60", seconds=0.5), DeadlineError, "no answer within 0.5 s") < 3
    stream = connection.open("sleep", "60")
    assert took(lambda: stream.line(0.5), DeadlineError, "0.5 s") < 3
    # A word now and then does not make it longer.
    drip = "while :; do echo x; sleep 0.1; done"
    assert took(lambda: connection.run("sh", "-c", drip, seconds=1), DeadlineError, "1 s") < 3
    assert connection.run("true").status == 0


def test_a_connection_that_is_ended_in_the_middle_is_a_loss(connect: Connect) -> None:
    connection = connect("plain")
    # Its parent is the part of the server that holds this connection.
    assert took(lambda: connection.run("sh", "-c", "kill -9 $PPID; sleep 60"), LostError, ".") < 5
    assert not connection.alive
    took(lambda: connection.run("true"), LostError, ".")
    stream = connect("plain").open("sh", "-c", "read -r _; kill -9 $PPID; sleep 60")
    stream.end_input()
    took(lambda: stream.line(), LostError, ".")  # noqa: PLW0108 - as the others


def test_a_host_that_dies_without_a_word_costs_the_deadline(hosts: Hosts, connect: Connect) -> None:
    connection = connect("other")
    stream = connection.open("cat")
    hosts.on("other", CUT)
    try:
        assert took(lambda: connection.run("true", seconds=1.0), DeadlineError, "1 s") < 3
        assert took(lambda: stream.line(0.5), DeadlineError, "0.5 s") < 3
    finally:
        hosts.on("other", "nft delete table inet gone")


def test_a_host_that_hangs_holds_nobody_up(hosts: Hosts) -> None:
    hosts.on("other", f"kill -STOP {LISTENER}")
    try:
        begin = time.monotonic()
        logins = [hosts.login("plain"), hosts.login("other"), hosts.login("plain", port=4)]
        found = together(logins, lambda login: Connection(login, 30).run("hostname").out, 5)
        seconds = time.monotonic() - begin
    finally:
        hosts.on("other", f"kill -CONT {LISTENER}")
    assert [login for login, _ in found] == logins
    first, hanging, closed = (answer for _, answer in found)
    assert first == "plain\n"
    assert type(hanging) is TimeoutError
    assert isinstance(closed, UnreachableError)
    assert 4.5 < seconds < 7


def test_a_program_ends_though_a_host_still_hangs(hosts: Hosts) -> None:
    program = (
        "from conclave.remote import Login, together\nfrom conclave.remote.connection import Connection\n"
        "print(together([Login('other', '192.0.2.67')], lambda login: Connection(login, 60), 0.5)[0][1])\n"
    )
    hosts.on("other", f"kill -STOP {LISTENER}")
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20)
    finally:
        hosts.on("other", f"kill -CONT {LISTENER}")
    assert done.stdout == "no answer within 0.5 s\n"
    assert done.stderr == ""
