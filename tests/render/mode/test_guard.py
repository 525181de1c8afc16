"""What firewall-guard says to rules in the kernel; its timers are tried on hosts with systemd."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, PYTHON, RULES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from .conftest import Host

PROBATION, CONFIRMED = "var/lib/conclave/firewall/probation", "var/lib/conclave/firewall/confirmed.nft"


def guard(host: Host, *words: str) -> subprocess.CompletedProcess[str]:
    return host.run(*PYTHON, str(PACKAGE / "tree/usr/lib/conclave/firewall-guard"), *words)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_rules_that_the_kernel_has_can_be_confirmed_from_a_console(host: Callable[..., Host]) -> None:
    one = host()
    rules = one.read(RULES)
    # As the release before wrote it.
    one.write(PROBATION, f"{hash_of(rules)} 100\n")
    assert guard(one, "status").stdout == "on probation\n"
    done = guard(one, "confirm")
    assert done.returncode == 0, done.stderr
    assert guard(one, "status").stdout == "confirmed\n"
    assert one.read(CONFIRMED) == rules
    assert one.run("stat", "-c", "%a", f"/{CONFIRMED}", "/run/conclave").stdout == "640\n755\n"


def test_rules_that_the_kernel_does_not_have_are_not_confirmed(host: Callable[..., Host]) -> None:
    one = host()
    one.run("nft", "insert", "rule", "inet", "conclave", "input", "accept")
    done = guard(one, "confirm")
    assert done.returncode == 1
    assert "not those that are loaded; load them first: systemctl reload conclave-firewall.service" in done.stderr
    assert one.run("test", "-e", f"/{CONFIRMED}").returncode == 1


def test_rules_on_probation_are_not_confirmed_for_others(host: Callable[..., Host]) -> None:
    one = host()
    one.write(PROBATION, "0123456789abcdef 100\n")
    assert guard(one, "confirm").returncode == 1
    assert guard(one, "status").stdout == "on probation\n"


def test_rules_whose_time_cannot_be_set_are_not_armed(host: Callable[..., Host]) -> None:
    """There is no systemd here: the unit's first step fails, and the rules are not loaded."""
    one = host()
    done = guard(one, "arm")
    assert done.returncode == 1
    assert "no timer can be set" in done.stderr
    assert guard(one, "status").stdout == "confirmed\n"


def test_the_end_of_a_probation_that_is_over_changes_nothing(host: Callable[..., Host]) -> None:
    one = host()
    rules = one.read(RULES)
    done = guard(one, "revert", hash_of(rules))
    assert (done.returncode, done.stderr) == (0, "")
    assert one.read(RULES) == rules


@pytest.mark.parametrize("words", [[], ["shut"], ["revert"], ["confirm", "me"]])
def test_what_makes_no_sense_is_refused_with_the_usage(host: Callable[..., Host], words: list[str]) -> None:
    done = guard(host(), *words)
    assert done.returncode == 2
    assert "firewall-guard confirm" in done.stderr
