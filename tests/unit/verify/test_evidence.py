"""What counts as a pass, and what a run leaves behind."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.verify import NotApplicable, evidence, plugin

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 11, 22, 1, 2, 3, tzinfo=dt.UTC)


def call(function: object) -> pytest.CallInfo[None]:
    return pytest.CallInfo.from_call(function, "call")  # type: ignore[arg-type]


def raising(error: Exception) -> object:
    def check() -> None:
        raise error

    return check


def test_a_check_that_saw_something_passes() -> None:
    assert plugin.outcome_of(call(lambda: None), {"sockets": ["tcp 22"]}) == ("pass", "")


@pytest.mark.parametrize("seen", [{}, {"sockets": []}, {"found": None, "count": 0}])
def test_a_check_that_saw_nothing_is_an_error(seen: dict[str, object]) -> None:
    assert plugin.outcome_of(call(lambda: None), seen) == ("error", "nothing was looked at")


def test_a_broken_promise_is_a_failure_with_its_reason() -> None:
    assert plugin.outcome_of(call(raising(AssertionError("port 8081 is open\nassert {8081} == set()"))), {}) == (
        "fail",
        "port 8081 is open",
    )


def test_a_check_that_could_not_look_is_an_error_not_a_failure() -> None:
    outcome, reason = plugin.outcome_of(call(raising(ConclaveError("edge1: no answer", todo="look there"))), {"a": 1})
    assert outcome == "error"
    assert "edge1: no answer" in reason


def test_a_check_does_not_advise_what_has_just_been_done() -> None:
    error = ConclaveError("no address for meet", expected="one", todo="conclave verify, which looks at every link")
    assert plugin.outcome_of(call(raising(error)), {}) == ("error", "no address for meet; expected: one")


def test_what_does_not_apply_says_why() -> None:
    assert plugin.outcome_of(call(raising(NotApplicable("no demo account"))), {}) == (
        "not_applicable",
        "no demo account",
    )


def result(outcome: evidence.Outcome, host: str | None = None) -> evidence.Evidence:
    return evidence.Evidence(
        control="NET-01",
        title={"de": "Zusage", "en": "Promise"},
        severity="high",
        check="sockets",
        host=host,
        outcome=outcome,
        reason="",
        observed={"seen": 1},
        started_at=NOW,
        seconds=0.1,
    )


def run(*outcomes: evidence.Outcome) -> evidence.Run:
    results = [result(outcome, f"host{number}") for number, outcome in enumerate(outcomes)]
    return evidence.Run(site="lab", release="7", started_at=NOW, seconds=1, drills=False, results=results)


@pytest.mark.parametrize(
    ("outcomes", "ok"),
    [
        ((), False),
        (("not_applicable",), False),
        (("pass",), True),
        (("pass", "not_applicable"), True),
        (("pass", "fail"), False),
        (("pass", "error"), False),
    ],
)
def test_a_run_is_good_only_when_something_was_seen_and_nothing_was_wrong(
    outcomes: tuple[evidence.Outcome, ...], ok: bool
) -> None:
    assert run(*outcomes).ok is ok


def test_evidence_is_one_file_a_result_and_one_for_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = evidence.write(run("pass", "fail"))
    assert folder == tmp_path / "conclave/sites/lab/evidence/20261122T010203Z"
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["NET-01-sockets-host0.json", "NET-01-sockets-host1.json", "run.json"]
    assert json.loads((folder / "NET-01-sockets-host1.json").read_text())["outcome"] == "fail"
