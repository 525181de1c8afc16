"""A site without IPv4, deployed, verified and called at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.change.running import Running
from tests.shapes import ipv6_only

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def deployed() -> Iterator[Running]:
    made = Running("ipv6-only", ipv6_only.write)
    try:
        made.begin()
        yield made
    finally:
        made.end()


def test_no_host_has_an_ipv4_address_inside(deployed: Running) -> None:
    for host in deployed.site.hosts:
        shown = deployed.on(host.name, "ip -4 -brief address show scope global").splitlines()
        # The router's, in a world that has both.
        assert [row.split("@")[0].split()[0] for row in shown] == list(host.conclave_outside), f"{host.name}: {shown}"


def test_every_promise_is_kept(deployed: Running) -> None:
    broken = deployed.broken()
    # Once more, as `make test` does: what passes then was a race.
    assert not (broken and deployed.broken()), broken


def test_a_call_from_inside_and_outside_goes_over_ipv6(deployed: Running) -> None:
    people = deployed.call("--outside", "1", "--outside-path", "udp6")
    media = deployed.site.host("media").ansible_host
    assert {one["server_address"].rpartition(":")[0] for one in people} == {f"[{media}]"}
    assert {one["zone"] for one in people} == {"users", "outside"}


def test_a_second_deployment_changes_nothing(deployed: Running) -> None:
    assert deployed.deploy()["changed"] == 0
