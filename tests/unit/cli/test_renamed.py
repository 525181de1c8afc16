"""Earlier spellings of commands still work and say the new one."""

from __future__ import annotations

import sys

import pytest

from conclave import cli
from conclave.cli import renamed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("call --site lab --seconds 3", "call lab --seconds 3"),
        ("call --participants 2 --site=lab --json", "call lab --participants 2 --json"),
        ("plan --people 20 --remote 8 --site lab", "plan lab --people 20 --remote 8"),
        ("rehearse network --site lab --cell plain --cell=nat", "rehearse network lab --profile plain --profile=nat"),
        ("call --site lab --outside 1 --outside-by udp4", "call lab --outside 1 --outside-path udp4"),
        ("site new x --uplink-clock=192.0.2.1", "site new x --uplink-ntp-server=192.0.2.1"),
        ("site secrets lab --new-authority", "site secrets lab --new-ca"),
        ("evidence prove lab --reason drill", "crisis prove lab --reason drill"),
        ("bundle verify build/bundle --site lab", "bundle verify lab --bundle build/bundle"),
        ("bundle verify /media/stick/bundle", "bundle verify --bundle /media/stick/bundle"),
        ("bundle verify --root r.json . --json", "bundle verify --bundle . --root r.json --json"),
        ("bundle verify --site lab", "bundle verify lab"),
        ("docs print crisis ports --site lab --language de", "docs print lab --page crisis --page ports --language de"),
        ("docs print crisis", "docs print --page crisis"),
        ("docs print --site lab", "docs print lab"),
    ],
)
def test_an_earlier_spelling_becomes_todays(old: str, new: str) -> None:
    arguments, message = renamed.today(old.split())
    assert arguments == new.split()
    assert message.endswith(f"conclave {new}")


@pytest.mark.parametrize(
    "line",
    [
        "call lab --seconds 3",
        "plan --people 2 --remote 1 --uplink 50",
        "rehearse network lab --profile plain",
        "bundle verify lab --bundle build/bundle",
        "bundle verify --root root.json",
        "docs print lab --page ports --out folder",
        "docs print",
        "evidence verify FILE",
        "deploy lab",
        "",
    ],
)
def test_todays_spelling_stays_as_it_is_without_a_word(line: str) -> None:
    assert renamed.today(line.split()) == (line.split(), "")


def test_the_command_line_says_the_new_spelling_and_does_as_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", "--people", "20", "--remote", "8", "--site", "lab", "--json"]
    monkeypatch.setattr(sys, "argv", ["conclave", *words])
    monkeypatch.setattr(sys, "orig_argv", ["python", "conclave", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    said = capsys.readouterr()
    assert "use: conclave plan lab --people 20 --remote 8 --json" in said.err
    assert '"people": 20' in said.out
    # A command that enters a lab starts again with these.
    assert sys.orig_argv[2:] == ["plan", "lab", "--people", "20", "--remote", "8", "--json"]
