"""What the checks of hosts make of an answer."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from tests.sites import LAB

check_hosts: Any = importlib.import_module("check_hosts")


def test_a_package_of_the_organisation_is_accepted_once_it_is_declared() -> None:
    installed = ["qemu-guest-agent 1:10.0", "auditd 1:4.0", "acme-edr 7.1"]
    assert check_hosts.undeclared(LAB, installed) == installed
    answers = LAB.answers.model_copy(update={"platform": ["qemu-guest-agent", "acme-*"]})
    assert check_hosts.undeclared(LAB.model_copy(update={"answers": answers}), installed) == ["auditd 1:4.0"]


def test_a_check_and_preflight_give_one_advice_on_packages_beside_the_bundle() -> None:
    assert "platform in site.yml" in check_hosts.FOREIGN.do


def test_a_masked_unit_is_named_beside_the_failure_that_it_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"is-system-running --wait": "degraded", "is-enabled %s": "masked", "is-active %s": "inactive"}
    host = SimpleNamespace(
        run=lambda command, *_: SimpleNamespace(out=said[command.removeprefix("systemctl ")]),
        read=lambda command: "nginx.socket\n" if "--failed" in command else "",
    )
    monkeypatch.setattr(check_hosts.drift, "placed_on", lambda _host: SimpleNamespace(units=["nginx.service"]))
    with pytest.raises(AssertionError) as raised:
        check_hosts.test_no_unit_has_failed_and_everything_enabled_runs(host, lambda **_: None)
    assert str(raised.value).split("\n")[0] == (
        "failed: nginx.socket; will not start at boot: nginx.service is masked; do: conclave deploy; "
        "nginx.service is inactive"
    )
