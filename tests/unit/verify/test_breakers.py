"""What a verification says of what was broken, and which breakers can share one."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.site.breakers.rounds import ROUNDS

from conclave import paths
from conclave.errors import ConclaveError
from conclave.verify import marks, places, run
from conclave.verify.evidence import Evidence, Outcome, Run
from conclave.verify.marks import NotApplicable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.site.model import Site
    from conclave.verify.marks import Breaker
    from conclave.verify.places import Host

KNOWN = {one.name: one for one in run.breakers([])}
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DROP_IN, FORWARDS, BOOT = "a_drop_in_takes_a_little_away", "a_host_forwards_packets", "the_sfu_does_not_start_at_boot"


def at(host: str) -> Host:
    return cast("Host", SimpleNamespace(name=host))


def seen(**outcomes: Outcome) -> Run:
    """Return a run with one result each: `SYS_02_edge1="fail"`; of the site: `IAM_06_="pass"`."""
    results = []
    for place, outcome in outcomes.items():
        area, number, host = place.split("_")
        results.append(
            Evidence(
                control=f"{area}-{number}",
                title={"de": "Zusage", "en": "Promise"},
                severity="high",
                check="check",
                host=host or None,
                outcome=outcome,
                reason="",
                observed={},
                started_at=NOW,
                seconds=0,
            )
        )
    return Run(site="lab", release="", started_at=NOW, seconds=0, drills=False, results=results)


def judged(name: str, host: str, before: Run, after: Run, *also: str) -> str:
    one = run.Aimed(KNOWN[name], at(host) if host else None)
    return one.judged(before, after, one.reddens | {*also})[0]


GREEN = seen(SYS_02_edge1="pass")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (seen(SYS_02_edge1="fail"), GREEN, "proven"),
        (seen(SYS_02_edge1="fail", CFG_01_edge1="fail"), GREEN, "proven"),
        (seen(SYS_02_edge1="pass"), GREEN, "not noticed"),
        (seen(SYS_02_edge1="error"), GREEN, "not noticed"),
        (seen(SYS_02_edge1="not_applicable"), GREEN, "not applicable"),
        (seen(SYS_02_edge1="pass", SYS_02_media1="fail"), GREEN, "not noticed"),
        (seen(SYS_02_edge1="fail", NET_01_edge1="fail"), GREEN, "others too"),
        (seen(SYS_02_edge1="fail"), seen(SYS_02_edge1="fail"), "not mended"),
        (seen(SYS_02_edge1="fail"), seen(SYS_02_edge1="error"), "not mended"),
        (seen(SYS_02_edge1="fail"), seen(SYS_11_edge1="pass"), "not mended"),
    ],
)
def test_a_breaker_is_proven_by_its_own_check_at_its_own_host_alone(before: Run, after: Run, verdict: str) -> None:
    assert judged(DROP_IN, "edge1", before, after) == verdict


def test_what_another_breaker_of_the_round_has_reddened_is_not_held_against_it() -> None:
    both = seen(SYS_02_edge1="fail", SYS_11_edge1="fail")
    assert judged(DROP_IN, "edge1", both, GREEN) == "others too"
    assert judged(DROP_IN, "edge1", both, GREEN, "SYS-11") == "proven"
    after = seen(SYS_02_edge1="pass", SYS_11_edge1="fail")
    assert judged(DROP_IN, "edge1", both, after, "SYS-11") == "proven"
    assert judged(FORWARDS, "edge1", both, after, "SYS-02") == "not mended"


def test_a_check_of_the_site_stands_for_a_host_that_was_broken() -> None:
    assert judged("every_way_back_is_allowed", "", seen(IAM_06_="fail"), seen(IAM_06_="pass")) == "proven"
    assert judged(DROP_IN, "edge1", seen(SYS_02_="fail"), seen(SYS_02_="pass")) == "proven"


def aimed(*names: str, host: str = "") -> list[run.Aimed]:
    """Aim as in the lab, where each role has a host of its own; or all of them at one host."""
    return [run.Aimed(KNOWN[name], at(host or KNOWN[name].on or "") if KNOWN[name].on else None) for name in names]


@pytest.mark.parametrize("names", ROUNDS, ids=range(1, len(ROUNDS) + 1))
def test_the_breakers_of_a_round_leave_each_others_checks_alone(names: tuple[str, ...]) -> None:
    run.refuse_clashes(aimed(*names))


def test_the_rounds_have_breakers_of_each_area_and_all_of_what_no_other_test_sees_red() -> None:
    proven = [KNOWN[name] for name in chain.from_iterable(ROUNDS)]
    assert len(proven) == len(set(proven))
    areas = {one.change.__module__.rpartition(".")[2] for one in proven}
    assert areas == {file.stem for file in (paths.project_root() / "checks/breakers").glob("*.py")}
    wanted = {"SYS-02", "SYS-08", "ADM-03"}
    assert {one.name for one in KNOWN.values() if one.control in wanted} <= {one.name for one in proven}


@pytest.mark.parametrize(
    ("names", "host"),
    [
        # Both are SYS-02's.
        ((DROP_IN, "a_running_service_is_masked"), ""),
        # A mask also turns SYS-08 red at its host.
        (("a_running_service_is_masked", "a_unit_has_failed"), ""),
        (("a_running_service_is_masked", BOOT), "onebox"),
        # Whatever is changed may turn CFG-01 red.
        ((FORWARDS, "a_name_is_led_elsewhere"), ""),
        # The site as a whole is every host.
        (("a_rule_added_by_hand", "the_database_is_open_to_users"), ""),
    ],
)
def test_breakers_of_which_one_may_turn_the_check_of_the_other_red_are_refused(
    names: tuple[str, ...], host: str
) -> None:
    with pytest.raises(ConclaveError, match="may turn"):
        run.refuse_clashes(aimed(*names, host=host))


def test_breakers_of_different_hosts_go_together() -> None:
    run.refuse_clashes(aimed("a_running_service_is_masked", BOOT))


def a_site(*roles: str) -> Site:
    return cast("Site", SimpleNamespace(name="lab", hosts=[SimpleNamespace(name=f"{one}1", role=one) for one in roles]))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for a lab's hosts; what is broken is in the list until it is mended."""
    monkeypatch.setattr(places, "lab_of_this_process", object)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(
        places,
        "Host",
        lambda host, _site: SimpleNamespace(name=host.name, roles=frozenset({host.role}), close=lambda: None),
    )
    return []


def breaker(control: str, on: Any, broken: list[str], *, applies: bool = True) -> Breaker:  # noqa: ANN401 (a role)
    def change(_host: object) -> Iterator[None]:
        if not applies:
            raise NotApplicable("there is none here")
        broken.append(control)
        yield
        broken.remove(control)

    return marks.Breaker(control, f"of_{control}", on, change, drill=False)


def test_breakers_of_one_round_share_two_verifications(broken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[run.Wanted] = []

    def verify(_site: str, wanted: run.Wanted) -> Run:
        asked.append(wanted)
        state: Any = {f"{one.replace('-', '_')}_edge1": "fail" for one in broken}
        return seen(**{"SYS_02_edge1": "pass", "SYS_11_edge1": "pass"} | state)

    monkeypatch.setattr(run, "verify", verify)
    ones = [breaker("SYS-02", "edge", broken), breaker("SYS-11", "edge", broken)]
    proofs = run.prove_together(a_site("core", "edge"), ones, lambda _: None)
    assert [(proof.control, proof.host, proof.outcome) for proof in proofs] == [
        ("SYS-02", "edge1", "proven"),
        ("SYS-11", "edge1", "proven"),
    ]
    assert asked == [run.Wanted(controls=("SYS-02", "SYS-11"), hosts=("edge1",))] * 2


def test_what_does_not_apply_keeps_the_others_from_nothing(broken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "verify", lambda *_: seen(SYS_02_edge1="fail" if broken else "pass"))
    ones = [breaker("SYS-02", "edge", broken), breaker("SYS-09", "edge", broken, applies=False)]
    proofs = run.prove_together(a_site("edge"), ones, lambda _: None)
    assert [proof.outcome for proof in proofs] == ["proven", "not applicable"]


def test_all_is_mended_when_the_suite_could_not_run(broken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(*_: object) -> Run:
        raise ConclaveError("no check matches")

    monkeypatch.setattr(run, "verify", verify)
    ones = [breaker("SYS-02", "edge", broken), breaker("SYS-11", "edge", broken)]
    proofs = run.prove_together(a_site("edge"), ones, lambda _: None)
    assert [(proof.outcome, proof.detail) for proof in proofs] == [("failed", "no check matches")] * 2
    assert broken == []
