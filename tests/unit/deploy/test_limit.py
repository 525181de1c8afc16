"""`deploy --limit` is resolved as Ansible resolves it, and only these hosts must be ready."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from conclave.deploy import command, limit, ways
from conclave.errors import ConclaveError, ExitCode
from conclave.paths import project_root
from conclave.preflight import Finding, Report
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path

LAB = read.check_folder(project_root() / "inventories" / "lab")


def test_a_pattern_of_groups_and_exceptions_is_ansibles_own() -> None:
    assert limit.hosts("lab", "core:edge:media:!core1", LAB) == {"edge1", "media1"}


@pytest.mark.parametrize(("pattern", "words"), [("edge:nope", "is named nope"), ("core1:!core", "no host of the site")])
def test_a_pattern_with_an_unknown_name_or_of_nobody_is_refused_with_what_is_known(pattern: str, words: str) -> None:
    with pytest.raises(ConclaveError, match=words) as raised:
        limit.hosts("lab", pattern, LAB)
    assert raised.value.exit_code == ExitCode.INPUT
    assert "hosts (rt, depot1, core1, media1, edge1), groups (router, " in "\n".join(raised.value.lines())


def test_only_the_hosts_of_a_limited_run_must_be_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Any] = []

    def run(_site: object, only: object = None, **_more: object) -> Report:
        looked_at.append(only)
        return Report([], findings=[Finding("media1", "reachable", "no answer", "ssh", "start the host")])

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(command.preflight, "run", run)
    monkeypatch.setattr(command, "verify_bundle", lambda *_: "release 1")
    monkeypatch.setattr(command.secrets, "ensure", lambda _name: SimpleNamespace(new=[]))
    monkeypatch.setattr(command.keys, "ensure", lambda _site: None)
    monkeypatch.setattr(command.ways, "found", lambda _site: nullcontext(ways.Found({}, frozenset())))
    with pytest.raises(ConclaveError) as raised:
        command.deploy("lab", command.Options(limit="media"), Console(quiet=True))
    assert raised.value.exit_code == ExitCode.NOT_READY
    assert looked_at == [{"media1"}]
