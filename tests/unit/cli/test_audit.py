"""`conclave audit` with an export in a file; the chain itself is tested where the database writes it (portal/tests)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from conclave import audit, cli, paths
from conclave.cli import audit as commands
from conclave.cli.audit import _text
from conclave.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("number", "previous", "at", "action", "who", "meeting", "sealed", "details")


def digest(*form: object) -> str:
    return hashlib.sha256(json.dumps(form, ensure_ascii=False).encode()).hexdigest()


def chain(*actions: str) -> list[dict[str, Any]]:
    """Return a chain of entries as the portal exports it."""
    rows: list[dict[str, Any]] = []
    previous = audit.FIRST
    for number, action in enumerate(actions, 1):
        values = (number, previous, "2026-11-30T12:00:00.000000Z", action, "w", "m", digest("s", "Löwe", ""), "{}")
        previous = digest(*values)
        row = dict(zip(NAMES, values, strict=True))
        rows.append({**row, "hash": previous, "salt": "s", "actor": "Löwe", "address": ""})
    return [*rows, {"head": {"number": len(rows), "hash": previous}}]


class Site:
    """An export, and what the control node remembers."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "export.jsonl"

    def say(self, rows: list[dict[str, Any]]) -> None:
        self.file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def run(self, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.build(("audit",)), ["audit", *words, "lab"])
        if isinstance(result.exception, audit.ConclaveError):
            return result.exception.exit_code, result.exception.found
        return result.exit_code, result.output

    def verify(self, rows: list[dict[str, Any]], *words: str) -> int:
        self.say(rows)
        return self.run("verify", *words)[0]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Site(tmp_path)
    # What the portal's host would say.
    monkeypatch.setattr(commands, "_text", lambda name, lab, file, *words: _text(name, lab, file or made.file, *words))
    return made


def test_a_whole_log_is_verified_and_its_head_kept(site: Site) -> None:
    assert site.verify(chain("planned", "joined")) == ExitCode.OK
    assert site.verify(chain("planned", "joined")) == ExitCode.OK
    assert site.verify(chain("planned", "joined", "left")) == ExitCode.OK
    assert [head.number for head in audit.seen(paths.audit_heads("lab"))] == [2, 3]


def test_what_is_wrong_ends_with_a_code_of_its_own_and_keeps_no_head(site: Site) -> None:
    rows = chain("planned", "joined", "left")
    assert site.verify([rows[0], *rows[2:]]) == ExitCode.EVIDENCE_REMOVED
    assert site.verify([rows[0], {**rows[1], "action": "left"}, *rows[2:]]) == ExitCode.EVIDENCE_EDITED
    assert site.verify([rows[1], rows[0], *rows[2:]]) == ExitCode.EVIDENCE_REMOVED
    assert site.verify([*rows[:2], rows[3]]) == ExitCode.EVIDENCE_TRUNCATED
    assert site.verify(rows[:3]) == ExitCode.EVIDENCE_UNREADABLE
    assert not paths.audit_heads("lab").exists()


def test_an_end_cut_off_is_found_until_a_restored_database_is_the_reason(site: Site) -> None:
    assert site.verify(chain("planned", "joined", "left")) == ExitCode.OK
    assert site.verify(chain("planned", "joined")) == ExitCode.EVIDENCE_TRUNCATED
    assert site.verify(chain("planned", "joined", "ended")) == ExitCode.EVIDENCE_EDITED
    assert site.verify(chain("planned", "joined"), "--restored") == ExitCode.OK
    assert site.verify(chain("planned", "joined", "ended")) == ExitCode.OK


def test_an_older_export_is_held_to_the_heads_of_its_time(site: Site) -> None:
    rows = chain("planned", "joined", "left")
    old = ("--file", str(site.file))
    assert site.verify(chain("planned")) == ExitCode.OK
    assert site.verify(rows) == ExitCode.OK
    assert site.verify(chain("planned", "joined"), *old) == ExitCode.OK
    assert "older than 1 of the kept heads" in site.run("verify", *old)[1]
    assert site.verify(chain("ended", "joined"), *old) == ExitCode.EVIDENCE_EDITED
    # It has become no head that the site's log is held to.
    assert [head.number for head in audit.seen(paths.audit_heads("lab"))] == [1, 3]


def test_heads_stay_until_the_restored_log_is_verified(site: Site) -> None:
    rows = chain("planned", "joined")
    assert site.verify(chain("planned", "joined", "left")) == ExitCode.OK
    assert site.verify([{**rows[0], "who": "x"}, *rows[1:]], "--restored") == ExitCode.EVIDENCE_EDITED
    assert [head.number for head in audit.seen(paths.audit_heads("lab"))] == [3]
    assert site.verify(rows, "--restored") == ExitCode.OK
    assert [head.number for head in audit.seen(paths.audit_heads("lab"))] == [2]


def test_an_export_is_its_owners_even_over_a_file_that_was_everybodys(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    out.write_text("")
    out.chmod(0o644)
    site.say(chain("planned"))
    assert site.run("export", "--out", str(out))[0] == ExitCode.OK
    assert out.stat().st_mode & 0o777 == 0o600


def test_heads_that_cannot_be_read_are_said_to_be_lost(site: Site) -> None:
    assert site.verify(chain("planned")) == ExitCode.OK
    paths.audit_heads("lab").write_text("x\n")
    assert site.verify(chain("planned")) == ExitCode.EVIDENCE_UNREADABLE


def test_findings_are_told_to_people_and_to_programs(site: Site) -> None:
    rows = chain("planned", "joined")
    site.say([{**rows[0], "who": "x"}, *rows[1:]])
    assert "entry 1 of 2026-11-30T12:00:00.000000Z is not as it was written" in site.run("verify")[1]
    said = json.loads(site.run("verify", "--json")[1])
    assert (said["ok"], said["findings"][0]["kind"], said["head"]["number"]) == (False, "altered", 1 + 1)


def test_the_last_entries_are_shown_with_name_or_pseudonym(site: Site) -> None:
    rows = chain("planned", "joined", "left")
    site.say([*rows[:2], {**rows[2], "actor": "", "salt": ""}, rows[3]])
    shown = json.loads(site.run("show", "--last", "2", "--json")[1])
    assert [row["action"] for row in shown] == ["joined", "left"]
    table = site.run("show")[1]
    assert "Löwe" in table
    assert "planned" in table
