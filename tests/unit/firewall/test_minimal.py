"""No rule too few and none too many: every probe fares as expected, and without any one rule some probe does not.

The probes come from the catalogue, the verdicts from the kernel's own reading of the rules. Marks (chains `marks`,
`boundary` and `mark-*`) and segments have no verdict; their tests are in `test_marks.py`, `test_segments.py` and on the
wire in `tests/lab/qos`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from functools import cache
from typing import Any

import pytest
from tests.sites import HOSTS, LAB, rules
from tests.unit.firewall.evaluation import Outcome, RuleSet

from conclave.catalog import Catalog

from . import link_probes, probes

NO_VERDICT = ("marks", "boundary", "mark-", "segments")


@cache
def loaded(host: str) -> RuleSet:
    """Return a host's rules as the kernel has them, loaded where nobody is."""
    text = rules(Catalog.load(), LAB, host)
    script = "nft -f - && nft -j list table inet conclave"
    done = subprocess.run(
        ["unshare", "-r", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, check=True
    )
    return RuleSet(json.loads(done.stdout))


@cache
def all_probes() -> tuple[probes.Probe, ...]:
    of_links = [probe for host in LAB.hosts for probe in link_probes.of(host)]
    return (*probes.every(Catalog.load(), LAB), *of_links)


def wrong(probe: probes.Probe, found: Outcome) -> str:
    """Say what is not as expected; an empty string when all is."""
    expected = (probe.verdict, probe.counted, probe.recorded, probe.logged, probe.target)
    seen = (found.verdict, frozenset(found.counted), frozenset(found.recorded), found.logged, found.target)
    return "" if seen == expected else f"{probe}: {seen}, expected {expected}"


def test_every_packet_fares_as_the_catalogue_says() -> None:
    mistakes = [
        said for probe in all_probes() if (said := wrong(probe, loaded(probe.host).evaluate(probe.chain, probe.packet)))
    ]
    assert not mistakes, "\n".join(mistakes)


def test_no_two_probes_have_one_name() -> None:
    names = Counter(map(str, all_probes()))
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("host", HOSTS)
def test_without_any_one_rule_a_probe_fails(host: str) -> None:
    """A rule that nothing misses is a rule too many."""
    rules = loaded(host)
    touched = right_ones(host)
    missed = [
        f"{rule['chain']}: {json.dumps(rule['expr'])}"
        for rule in with_verdict(rules)
        if not any(
            wrong(probe, rules.evaluate(probe.chain, probe.packet, without=rule["handle"]))
            for probe in touched.get(rule["handle"], [])
        )
    ]
    assert not missed, f"{len(missed)} rules that nothing misses:\n" + "\n".join(missed)


@pytest.mark.parametrize("host", HOSTS)
def test_without_any_one_condition_a_probe_fails(host: str) -> None:
    """A rule whose condition nothing misses lets pass more than the catalogue says, or says it at length."""
    rules = loaded(host)
    own = [probe for probe in all_probes() if probe.host == host]
    missed = []
    for rule in with_verdict(rules):
        chains = {rule["chain"], *leads_to(rules, rule["chain"])}
        for step in (step for step in rule["expr"] if "match" in step):
            others = [other for other in rule["expr"] if other is not step]
            # Bit n says that probe n meets the other conditions and not this one: only it can notice that it is gone.
            newly = ~meets(host, step)
            for other in others:
                newly &= meets(host, other)
            near = (probe for n, probe in enumerate(own) if newly >> n & 1 and probe.chain in chains)
            changed = rules.with_rule({**rule, "expr": others})
            if not any(wrong(probe, changed.evaluate(probe.chain, probe.packet)) for probe in near):
                missed.append(f"{rule['chain']}: {said(step['match'])}  in  {' '.join(map(said, rule['expr']))}")
    assert not missed, f"{len(missed)} conditions that nothing misses:\n" + "\n".join(missed)


_MET: dict[tuple[str, str], int] = {}


def meets(host: str, step: dict[str, Any]) -> int:
    """Return which probes of a host meet one condition, as the bits of a number."""
    key = (host, json.dumps(step))
    if key not in _MET:
        own = (probe for probe in all_probes() if probe.host == host)
        rules = loaded(host)
        bits = "".join("01"[rules.fits({"expr": [step]}, probe.packet)] for probe in own)
        _MET[key] = int(bits[::-1], 2)
    return _MET[key]


def said(part: object) -> str:
    """Return a part of a rule on little room."""
    return re.sub(r'[{}"\s]|match|payload|field|protocol|left|right|op:|key:', "", json.dumps(part))


def with_verdict(rules: RuleSet) -> list[dict[str, Any]]:
    return [rule for rule in rules.rules if not rule["chain"].startswith(NO_VERDICT)]


def leads_to(rules: RuleSet, chain: str) -> set[str]:
    """Return the chains from which one is reached."""
    return {
        rule["chain"]
        for rule in rules.rules
        for step in rule["expr"]
        for way in ("goto", "jump")
        if step.get(way, {}).get("target") == chain
    }


@cache
def right_ones(host: str) -> dict[int, list[probes.Probe]]:
    """Return, for each rule, the probes that it takes part in and that fare as expected."""
    found: dict[int, list[probes.Probe]] = {}
    for probe in all_probes():
        if probe.host == host:
            outcome = loaded(host).evaluate(probe.chain, probe.packet)
            for handle in () if wrong(probe, outcome) else outcome.rules:
                found.setdefault(handle, []).append(probe)
    return found
