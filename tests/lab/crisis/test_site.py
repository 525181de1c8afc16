"""The whole site: every host or a refusal to say so, whoever is down, comes back or dies in the middle."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from conclave.lab import hosts as lab_hosts
from conclave.lab import state

from .conftest import ROOT

if TYPE_CHECKING:
    from .conftest import Site

pytestmark = pytest.mark.lab


def modes(site: Site) -> dict[str, tuple[str, bool]]:
    found = {host: site.status(host) for host in site.hosts}
    return {host: (status["mode"], status["live"]) for host, status in found.items()}


def every(site: Site, mode: str) -> dict[str, tuple[str, bool]]:
    return dict.fromkeys(site.hosts, (mode, True))


def row(report: dict[str, Any], host: str) -> dict[str, Any]:
    return next(one for one in report["hosts"] if one["name"] == host)


def test_on_and_off(site: Site) -> None:
    on = site.crisis("on")
    assert on.status == 0, on.out + on.err
    assert (on.data["done"], on.data["mode"], on.data["lacking"]) == (True, "isolated", [])
    assert modes(site) == every(site, "isolated")
    # What the router holds back is held back for all.
    assert row(on.data, "rt")["switched"] == min(host["switched"] for host in on.data["hosts"])
    again = site.crisis("on")
    assert again.status == 0
    assert row(again.data, "core1")["since"] == row(on.data, "core1")["since"]
    assert site.crisis("status").data["mode"] == "isolated"
    off = site.crisis("off")
    assert off.status == 0, off.out + off.err
    assert modes(site) == every(site, "open")


def test_a_host_that_is_down_is_named_and_the_site_not_called_isolated(site: Site) -> None:
    claim = state.read(site.lab.folder)
    assert claim
    lab_hosts.stop([claim.hosts["core1"]])
    on = site.crisis("on")
    assert on.status == 1
    assert (on.data["done"], on.data["mode"]) == (False, "mixed")
    assert [line.partition(":")[0] for line in on.data["lacking"]] == ["core1"]
    assert {host: site.status(host)["mode"] for host in site.hosts if host != "core1"} == {
        host: "isolated" for host in site.hosts if host != "core1"
    }
    site.lab.up()
    # It comes back with the mode it had, and is seen to.
    status = site.crisis("status")
    assert (status.status, row(status.data, "core1")["mode"]) == (1, "open")
    assert site.crisis("on").status == 0
    assert modes(site) == every(site, "isolated")


def test_rules_that_somebody_changed_are_mended_by_running_it_again(site: Site) -> None:
    assert site.crisis("on").status == 0
    site.on("media1", "nft insert rule inet conclave input accept")
    seen = site.crisis("status")
    assert (seen.status, seen.data["mode"]) == (1, "mixed")
    assert row(seen.data, "media1")["problem"] == "the live rules are not the staged ones"
    assert site.crisis("on").status == 0
    assert site.crisis("status").status == 0


def test_a_host_with_a_damaged_file_is_named_and_sealed_and_the_others_are_isolated(site: Site) -> None:
    site.on("edge1", "cp /etc/conclave/mode/cut.nft /root/kept; echo '# x' >>/etc/conclave/mode/cut.nft")
    try:
        on = site.crisis("on")
        assert on.status == 1
        assert row(on.data, "edge1")["mode"] == "sealed"
        assert [line.partition(":")[0] for line in on.data["lacking"]] == ["edge1"]
    finally:
        site.on("edge1", "mv /root/kept /etc/conclave/mode/cut.nft; conclave-mode apply")
    assert site.crisis("on").status == 0


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT])
def test_a_control_node_that_dies_in_the_middle_goes_on_where_the_hosts_are(site: Site, with_signal: int) -> None:
    for seconds in (0.6, 0.9, 1.2):
        started = subprocess.Popen(
            site.crisis_argv("on"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            started.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            started.send_signal(with_signal)
        _, said = started.communicate(timeout=60)
        # On a busy machine the signal finds the interpreter before it has begun with the program.
        assert started.returncode in {0, 130, -with_signal} or "Fatal Python error: init" in said, said
        # Each host is in one mode, whole, whatever the others are.
        assert {live for _, live in modes(site).values()} == {True}
        done = site.crisis("on")
        assert done.status == 0, done.out + done.err
        assert modes(site) == every(site, "isolated")
        site.open()


def test_a_rehearsal_ends_on_every_host_by_itself(site: Site) -> None:
    begun = site.crisis("rehearse", "--revert-after", "6s")
    assert begun.status == 0, begun.out + begun.err
    assert begun.data["mode"] == "isolated"
    assert {host["rehearsal"] for host in begun.data["hosts"]} == {begun.data["rehearsal"]}
    site.until(lambda: modes(site) == every(site, "open"), "the end of the rehearsal")


def test_the_real_thing_after_a_rehearsal_stays_past_the_old_deadline(site: Site) -> None:
    assert site.crisis("rehearse", "--revert-after", "10s").status == 0
    deadline = time.monotonic() + 10
    real = site.crisis("on")
    assert (real.status, {host["rehearsal"] for host in real.data["hosts"]}) == (0, {""})
    threading.Event().wait(max(0.0, deadline - time.monotonic()) + 1)
    assert modes(site) == every(site, "isolated")
    # A rehearsal would end by opening what is isolated for real.
    refused = site.crisis("rehearse", "--revert-after", "5s")
    assert refused.status == 6
    assert "isolated for real" in refused.err
    assert modes(site) == every(site, "isolated")


def test_a_reason_is_asked_for(site: Site) -> None:
    argv = [word for word in site.crisis_argv("on") if word not in {"--reason", "a test"}]
    assert subprocess.run(argv, cwd=ROOT, capture_output=True, check=False).returncode == 2
    assert modes(site) == every(site, "open")
