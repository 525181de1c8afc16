"""What the checks of hosts make of an answer."""

from __future__ import annotations

import importlib
from typing import Any

from tests.sites import LAB

check_hosts: Any = importlib.import_module("check_hosts")


def test_a_package_of_the_organisation_is_accepted_once_it_is_declared() -> None:
    installed = ["qemu-guest-agent 1:10.0", "auditd 1:4.0", "acme-edr 7.1"]
    assert check_hosts.undeclared(LAB, installed) == installed
    answers = LAB.answers.model_copy(update={"platform": ["qemu-guest-agent", "acme-*"]})
    assert check_hosts.undeclared(LAB.model_copy(update={"answers": answers}), installed) == ["auditd 1:4.0"]


def test_a_check_and_preflight_give_one_advice_on_packages_beside_the_bundle() -> None:
    assert "platform in site.yml" in check_hosts.FOREIGN.do
