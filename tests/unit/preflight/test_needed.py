"""A run limited to some hosts is refused for what is wrong with these; others are named where these need them."""

from __future__ import annotations

from tests.sites import LAB

from conclave.catalog import Catalog
from conclave.preflight import run
from conclave.preflight.needed import asked, silent
from conclave.preflight.requirements import Finding
from conclave.site.model import Host, Site

SILENCE = Finding("depot1", "reachable", "192.0.2.98 port 22 does not answer", "ssh", "start the host")


def nobody_answers() -> Site:
    """Return the lab's site at addresses where no host is, and nobody lets a question wait."""
    hosts = [
        Host.model_validate({**host.model_dump(mode="json"), "ansible_host": "127.0.0.1", "ansible_port": 1})
        for host in LAB.hosts
    ]
    return Site(answers=LAB.answers, hosts=tuple(hosts), folder=LAB.folder)


def test_the_chosen_hosts_ask_others_for_what_the_catalogue_says() -> None:
    found = asked(LAB, {"media1"}, Catalog.load())
    assert found["depot1"] == ["depot"]
    assert {"valkey", "dns", "ntp", "ca-renewal"} <= set(found["core1"])
    assert found.keys() == {"depot1", "core1"}, "the SFU asks neither the edge nor the router for anything"


def test_a_silent_host_is_named_where_the_chosen_need_it_and_does_not_stop_them() -> None:
    report = run(nobody_answers(), {"media1"})
    assert [(one.host, one.check) for one in report.findings] == [("media1", "reachable")]
    assert {one.host for one in report.notices} == {"depot1", "core1"}
    assert report.hosts == ["media1"]


def test_a_whole_run_asks_every_host_and_names_none_twice() -> None:
    report = run(nobody_answers())
    assert [one.host for one in report.findings] == [host.name for host in LAB.hosts]
    assert not report.notices


def test_a_silent_depot_stops_a_host_that_lacks_packages_and_no_other() -> None:
    depot = LAB.host("depot")
    stops = silent(depot, SILENCE, ["depot"], ["media1"])
    assert stops.blocks
    assert "media1 would get packages from it" in stops.found
    assert not silent(depot, SILENCE, ["depot"], []).blocks
    assert not silent(LAB.host("core"), SILENCE, ["dns"], ["media1"]).blocks
