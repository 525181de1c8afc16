"""What is read of AppArmor on a host: profiles, programs outside of them, and denials that still hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conclave.verify import confinement

if TYPE_CHECKING:
    from pathlib import Path

DENIED = 'apparmor="DENIED" operation="open" class="file" profile="{}" name="/etc/x" pid=7 comm="x" requested_mask="r"'
# A program that started at 1000.
RUNNING = [("/usr/sbin/unbound", "unbound", 1000.0), ("/usr/sbin/chronyd", "unconfined", 900.0)]


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the audit log be a file of the test, and the journal be empty."""
    log, journalctl = tmp_path / "audit.log", tmp_path / "journalctl"
    journalctl.write_text(f"#!/bin/sh\ncat {tmp_path}/journal 2>/dev/null\n")
    journalctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(confinement, "AUDIT_LOG", log)
    return tmp_path


def said(seconds: float, profile: str = "unbound", transport: str = "kernel") -> str:
    message = f"audit: type=1400 audit({seconds:.3f}:12): {DENIED.format(profile)}"
    if transport == "audit":
        message = f"AVC {DENIED.format(profile)}"
    entry = {"__REALTIME_TIMESTAMP": str(int(seconds * 1e6)), "_TRANSPORT": transport, "MESSAGE": message}
    return json.dumps(entry) + "\n"


@pytest.mark.parametrize(
    ("row", "count"),
    [
        (said(1000.5), 1),
        (said(1000.5, transport="audit"), 1),
        (said(999.5), 0),
        (said(1000.5, profile="cups"), 0),
        # Whoever may log must not be able to turn a check red.
        (said(1000.5, transport="syslog"), 0),
        # No process runs in it, so every denial holds.
        (said(10.0, profile="tcpdump"), 1),
    ],
)
def test_a_denial_counts_until_its_program_is_started_anew(journal: Path, row: str, count: int) -> None:
    (journal / "journal").write_text(row)
    assert len(confinement._denied(RUNNING, {"unbound", "tcpdump"})) == count  # noqa: SLF001


def test_a_denial_says_what_was_denied(journal: Path) -> None:
    (journal / "journal").write_text(said(1000.5) + said(1000.6))
    (only,) = confinement._denied(RUNNING, {"unbound"})  # noqa: SLF001
    assert only == 'unbound: operation="open" name="/etc/x" requested_mask="r"'


def test_auditd_s_log_is_read_as_well(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement.time, "time", lambda: 4e9)
    (journal / "audit.log").write_text(f"type=AVC msg=audit(3999999999.100:7): {DENIED.format('unbound')}\n")
    assert len(confinement._denied(RUNNING, {"unbound"})) == 1  # noqa: SLF001
