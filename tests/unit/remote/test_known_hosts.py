"""The files of accepted keys, read as ssh reads them: ssh-keygen itself is asked, too."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.remote.known_hosts import HostKey, known, name_of

if TYPE_CHECKING:
    from pathlib import Path

KEY = HostKey("ssh-ed25519", bytes.fromhex("0000000b7373682d6564323535313900000020") + bytes(range(32)))
OTHER = HostKey("ssh-ed25519", bytes.fromhex("0000000b7373682d6564323535313900000020") + bytes(range(1, 33)))


def finds(file: Path, name: str) -> bool:
    """Ask ssh-keygen whether a file speaks of a name."""
    done = subprocess.run(["ssh-keygen", "-F", name, "-f", str(file)], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.10"),
        ("192.0.2.1?", "192.0.2.10"),
        ("192.0.2.1?", "192.0.2.1"),
        ("*.example", "core1.conf.example"),
        ("*.example,!core1.conf.example", "core1.conf.example"),
        ("!core1.conf.example,*.example", "core2.conf.example"),
        ("Core1.Example", "core1.example"),
        ("[192.0.2.1]:2222", "[192.0.2.1]:2222"),
        ("[192.0.2.1]:2222", "192.0.2.1"),
        ("[192.0.2.*]:2222", "[192.0.2.1]:2222"),
        ("[12]", "1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
@pytest.mark.parametrize("hashed", [False, True])
def test_a_line_speaks_of_the_names_that_ssh_takes_it_for(
    tmp_path: Path, names: str, asked: str, *, hashed: bool
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(KEY.line(names), encoding="utf-8")
    if hashed:
        subprocess.run(["ssh-keygen", "-H", "-f", str(file)], capture_output=True, check=False)
    assert (known(asked, [file]).accepted == [KEY]) == finds(file, asked)


def test_the_fingerprint_is_that_of_ssh_keygen(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(KEY.line("").strip() + "\n", encoding="utf-8")
    shown = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert KEY.fingerprint == shown.split()[1]


def test_a_revoked_key_is_refused_though_it_was_accepted(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(KEY.line("core1") + OTHER.line("core1") + "@revoked " + KEY.line("*"), encoding="utf-8")
    found = known("core1", [tmp_path / "lacking", file])
    assert found.judge(KEY) == "revoked"
    assert found.judge(OTHER) == "accepted"


@pytest.mark.parametrize("line", ["|1|nothing", "|1|AA==|AA== x y", "core1", "core1 ssh-ed25519", "core1 a !!", "@x"])
def test_a_line_that_is_none_says_nothing(tmp_path: Path, line: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(line + "\n" + KEY.line("core1"), encoding="utf-8")
    assert known("core1", [file]).accepted == [KEY]


def test_a_host_stands_there_with_its_port_unless_it_is_the_usual_one() -> None:
    assert name_of("Core1", 22) == "core1"
    assert name_of("2001:db8::1", 2222) == "[2001:db8::1]:2222"
