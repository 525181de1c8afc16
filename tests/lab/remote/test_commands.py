"""Commands on hosts: what they say comes back whole, whatever their shells and accounts are like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from paramiko.common import MSG_CHANNEL_EOF

from conclave.remote import BecomeError, Login, RefusedError, together
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramiko import Message
    from tests.lab.remote.conftest import Hosts

    Connect = Callable[..., Connection]

pytestmark = pytest.mark.lab


def test_a_command_answers_with_its_status_and_both_streams(connect: Connect) -> None:
    answer = connect("plain").run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (answer.status, answer.out, answer.err, answer.reason) == (3, "out\n", "err", "err")
    assert connect("plain").run("id", "-un").out == "root\n"


def test_arguments_arrive_as_they_are(connect: Connect) -> None:
    words = ("a b", "it's", '"$HOME"', "new\nline", "*", "", "ü")
    assert connect("plain").run("printf", "%s|", *words).out == "".join(f"{word}|" for word in words)


def test_a_secret_is_read_from_standard_input_and_stands_in_no_process_list(connect: Connect) -> None:
    # A shell's own means: a program that searched would show what it searches for.
    script = "read -r secret; all=$(cat /proc/[0-9]*/cmdline | tr '\\0' ' '); [[ $all == *$secret* ]]; echo $?"
    answer = connect("other", user="ops", become=True).run("bash", "-c", script, stdin="hidden-password\n")
    assert answer.out == "1\n"


def test_much_on_both_streams_and_in_does_not_get_stuck(connect: Connect) -> None:
    script = "head -c 6000000 /dev/zero | tr '\\0' e >&2; head -c 6000000 /dev/zero | tr '\\0' o; cat"
    answer = connect("plain").run("sh", "-c", script, stdin="i" * 1_000_000)
    assert len(answer.err) == 6_000_000
    assert len(answer.out) == 7_000_000


def test_who_ends_without_reading_has_answered(connect: Connect) -> None:
    assert connect("plain").run("echo", "done", stdin="x" * 5_000_000).out == "done\n"


def test_a_signal_is_no_loss(connect: Connect) -> None:
    connection = connect("plain")
    assert connection.run("sh", "-c", "echo before; kill -9 $$").status == -1
    assert connection.run("true").status == 0


def test_several_threads_share_a_connection(connect: Connect) -> None:
    connection = connect("plain")
    said = together(range(8), lambda number: connection.run("echo", str(number)).out)
    assert said == [(number, f"{number}\n") for number in range(8)]


def test_an_end_of_input_that_comes_after_the_close_costs_no_other_command(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect("plain")
    stream = connection.open("sh", "-c", "echo $$; exec cat")
    process = stream.line().strip()
    transport = stream.channel.transport
    send = transport._send_user_message  # noqa: SLF001 - the moment between preparing a message and sending it

    def late(message: Message) -> None:
        if message.asbytes()[0] == MSG_CHANNEL_EOF:
            patch.undo()
            connection.run("kill", process)
            stream.line()
        send(message)

    with monkeypatch.context() as patch:
        patch.setattr(transport, "_send_user_message", late)
        stream.end_input()
    assert connection.run("echo", "still here").out == "still here\n"


@pytest.mark.usefixtures("chatty")
@pytest.mark.parametrize("account", [{}, {"user": "ops", "become": True}])
def test_what_a_shell_prints_first_is_no_part_of_the_answer(
    hosts: Hosts, connect: Connect, account: dict[str, object]
) -> None:
    assert "Welcome" in hosts.ssh("-l", str(account.get("user", "root")), "192.0.2.67", "true").stdout
    connection = connect("other", **account)
    answer = connection.run("sh", "-c", 'echo \'{"mode": "open"}\'; echo own >&2')
    assert answer.data == {"mode": "open"}
    assert answer.err == "own"
    stream = connection.open("sh", "-c", "echo own; cat")
    assert stream.line() == "own"
    stream.end_input()
    assert stream.line() == ""


def test_an_account_with_sudo_becomes_root_and_can_stay_itself(connect: Connect) -> None:
    connection = connect("other", user="ops", become=True)
    assert connection.run("id", "-un").out == "root\n"
    assert connection.run("id", "-un", become=False).out == "ops\n"


def test_an_account_without_sudo_is_told_apart_from_a_failing_command(connect: Connect) -> None:
    connection = connect("other", user="nobody-s", become=True)
    with pytest.raises(BecomeError, match="password is required") as caught:
        connection.run("true")
    assert "sudo" in caught.value.expected
    with pytest.raises(BecomeError):
        connection.open("true")
    assert connection.run("false", become=False).status == 1


def test_an_account_whose_shell_runs_nothing_is_refused(connect: Connect) -> None:
    with pytest.raises(RefusedError, match="This account is currently not available"):
        connect("other", user="closed").run("true")


def test_an_account_that_knows_no_key_is_refused(hosts: Hosts) -> None:
    with pytest.raises(RefusedError, match=r"games@192\.0\.2\.67 refuses every key"):
        Connection(hosts.login("other", user="games"))


def test_a_stream_goes_on_until_its_input_ends(connect: Connect) -> None:
    stream = connect("plain").open("sh", "-c", "echo ready; cat >/dev/null; echo noise >&2; echo end")
    assert stream.line() == "ready"
    stream.end_input()
    assert (stream.line(), stream.line(), stream.complaint) == ("end", "", "noise")


@pytest.mark.usefixtures("hosts")
def test_a_login_is_all_that_is_asked_for() -> None:
    with Connection(Login("by its lab's name", "plain")) as connection:
        assert connection.run("hostname").out == "plain\n"
        assert connection.alive
