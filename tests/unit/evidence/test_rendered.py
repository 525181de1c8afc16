"""Rules that a host has changed are red for their own reason, also where the host's files say the same: real rules."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.sites import LAB
from tests.unit.evidence import example
from tests.unit.evidence.example import run

from conclave.catalog import Catalog
from conclave.evidence import rulesets
from conclave.evidence.facts import Facts, Notes
from conclave.evidence.sentences import sentence
from conclave.firewall.rendered import CUT, RULES, rendered

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = LAB.host_named("edge1")
WANTED = rendered(LAB, Catalog.load(), HOST)


def listed(rules: str, more: str = "") -> tuple[str, str]:
    """Load rules where nobody is, change them by hand, and return both listings."""
    script = 'nft -f - && sh -ec "$0" && nft -j list ruleset && echo --- && nft -s list ruleset'
    argv = ["unshare", "-r", "-n", "sh", "-ec", script, more or ":"]
    done = subprocess.run(argv, input=rules, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    as_json, _, text = done.stdout.partition("---\n")
    return as_json, text


CLEAN = listed("".join(WANTED.values()))


def findings(live: tuple[str, str], staged: dict[str, str]) -> list[dict[str, Any]]:
    """Judge a host with these rules in force and these files."""
    begin = {"kind": "begin", "hosts": [{"name": "edge1", "roles": ["edge"], "addresses": []}], "zones": {}}
    begin |= {"rules": {"edge1": WANTED}}
    look = {
        "kind": "look",
        "host": "edge1",
        "phase": "opening",
        "live": run(live[0]),
        "live_text": run(live[1]),
        "rendered": run(CLEAN[0]),
        "rendered_text": run(CLEAN[1]),
        "staged_files": {file: f"{text}# sha256 0123\n" for file, text in staged.items()},
    }
    facts, notes = Facts(example.written([begin, look])[1].lines), Notes()
    rulesets.judge(facts, notes, "edge1", "opening", facts.looks["edge1", "opening"])
    return notes.findings


def by_hand(command: str) -> Callable[[], tuple[tuple[str, str], dict[str, str]]]:
    """Return rules that were changed with nft; the host's files are as they were rendered."""
    return lambda: (listed("".join(WANTED.values()), command), WANTED)


def staged_anew(file: str, pattern: str, text: str) -> Callable[[], tuple[tuple[str, str], dict[str, str]]]:
    """Return rules of a changed file with a hash of its own: host and files agree with each other."""

    def change() -> tuple[tuple[str, str], dict[str, str]]:
        changed, count = re.subn(pattern, text, WANTED[file], count=1)
        assert count
        files = {**WANTED, file: changed}
        return listed("".join(files.values())), files

    return change


def with_flowtable() -> tuple[tuple[str, str], dict[str, str]]:
    """Return the listing of a kernel that hands packets on past the rules; not every kernel of a test can load it."""
    listing = json.loads(CLEAN[0])
    body = {"family": "inet", "table": "conclave", "name": "fast", "handle": 99, "hook": "ingress", "prio": 0}
    listing["nftables"].append({"flowtable": {**body, "dev": "eth0"}})
    return (json.dumps(listing), CLEAN[1]), WANTED


ALSO = staged_anew(CUT, r"(set inside4 .*elements = \{ )", r"\g<1>203.0.113.77, ")
LESS = staged_anew(RULES, r"(set site4 .*elements = \{ )[^,]*, ", r"\g<1>")
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept"
# What was done, the findings it gives, and what one of them must name.
CHANGES: dict[str, tuple[Callable[[], Any], set[str], str]] = {
    "a set of the cut is wider, in the file as well": (
        ALSO,
        {"rules-not-rendered", "set-wider", "staged-differs"},
        r"edge1: the set inet conclave_cut inside4 in force also holds 203\.0\.113\.77/32",
    ),
    "a set is narrower": (
        LESS,
        {"rules-not-rendered", "set-narrower", "staged-differs"},
        "inet conclave site4 in force lacks",
    ),
    "a set is wider in the kernel only": (
        by_hand("nft add element inet conclave_cut inside6 '{ 2001:db8:bad::/48 }'"),
        {"rules-not-rendered", "set-wider"},
        "edge1: the set inet conclave_cut inside6 in force also holds 2001:db8:bad::/48",
    ),
    "an extra accept": (
        by_hand("nft insert rule inet conclave output ip daddr 203.0.113.77 accept"),
        {"rules-not-rendered"},
        r"inet conclave: rules output; [+] ip daddr 203\.0\.113\.77 accept",
    ),
    "a foreign table": (
        by_hand("nft add table ip mine"),
        {"rules-not-rendered"},
        r"[+] table ip mine",
    ),
    "a flowtable": (
        with_flowtable,
        {"rules-not-rendered"},
        "inet conclave: flowtable fast",
    ),
    "a chain before the cut": (
        by_hand("nft add chain inet conclave_cut early '{ type filter hook output priority -400; policy accept; }'"),
        {"rules-not-rendered"},
        "inet conclave_cut: chain early",
    ),
    "neighbour discovery to any address, in the file as well": (
        staged_anew(CUT, r"(chain post \{\n)((?:.*\n)*?.*policy accept;)", rf"\1\2\n    {NEIGHBOURS}"),
        {"rules-not-rendered", "staged-differs"},
        r"inet conclave_cut: rules post; [+] .*nd-neighbor-solicit.* accept",
    ),
    "a policy": (
        by_hand("nft 'chain inet conclave input { policy accept; }'"),
        {"rules-not-rendered"},
        "inet conclave: chain input",
    ),
    "the cut is not there": (
        by_hand("nft delete table inet conclave_cut"),
        {"rules-not-rendered", "set-narrower"},
        "- table inet conclave_cut",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_rules_is_red_and_named(change: str) -> None:
    make, codes, words = CHANGES[change]
    found = findings(*make())
    said = [sentence(one, "en") for one in found]
    assert {one["code"] for one in found} == codes, said
    assert any(re.search(words, text) for text in said), said


def test_the_rendered_rules_are_no_finding() -> None:
    assert findings(CLEAN, WANTED) == []


def test_traffic_changes_nothing_that_counts() -> None:
    filled = "nft add element inet conclave_cut tried4 '{ 0 . 203.0.113.9 . udp . 53 }'"
    assert findings(listed("".join(WANTED.values()), filled), WANTED) == []


def test_the_witness_loads_what_it_is_given_and_nothing_else() -> None:
    """As the program does on a host: the text comes by standard input, the host's own files are not asked."""
    script = "import json, sys; from conclave.evidence.witness import onhost; "
    script += "print(json.dumps(onhost._loaded(json.load(sys.stdin), '-j')))"
    argv = ["unshare", "-r", sys.executable, "-c", script]
    done = subprocess.run(argv, input=json.dumps(WANTED), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["rc"] == 0, answer["stderr"]
    assert findings((answer["stdout"], CLEAN[1]), WANTED) == []
