"""A dry run says what a real one would restart, and who would notice."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.sites import LAB

from conclave.catalog import Catalog
from conclave.deploy import interruptions
from conclave.deploy.interruptions import NOTICED, PACKAGED, RELOADED, RESTARTED, foretell, told
from conclave.deploy.progress import Progress
from conclave.paths import project_root
from conclave.site import software

from .test_progress import event, stats, task

ROLES = project_root() / "roles"


def handlers() -> list[dict[str, Any]]:
    """Return the handlers of all roles."""
    files = sorted(ROLES.glob("*/handlers/main.yml"))
    return [handler for file in files for handler in yaml.safe_load(file.read_text(encoding="utf-8"))]


def noticed(foretold: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["host"], one["handler"], one["unit"]) for one in foretold["interruptions"]]


def test_every_handler_that_restarts_what_people_notice_is_known() -> None:
    restarts = {
        handler["name"]: handler["ansible.builtin.systemd_service"]["name"]
        for handler in handlers()
        if handler.get("ansible.builtin.systemd_service", {}).get("state") == "restarted" and "when" not in handler
    }
    assert {name: unit for name, unit in restarts.items() if unit in NOTICED} == RESTARTED


def test_the_handlers_that_restart_several_services_exist() -> None:
    assert {interruptions.CERTIFICATE, interruptions.UPGRADE} <= {handler["name"] for handler in handlers()}


def test_every_package_whose_upgrade_restarts_a_service_is_one_of_a_role() -> None:
    assert set(PACKAGED) <= set(software.packages(path.name for path in ROLES.iterdir()))
    assert set(PACKAGED.values()) <= set(NOTICED)


def test_who_reads_a_new_certificate_while_it_runs_has_one() -> None:
    assert set(software.certificate_units(path.name for path in ROLES.iterdir())) >= RELOADED


def test_what_changes_ask_for_is_gathered_once_by_host() -> None:
    progress = Progress(check=True)
    changed = {"res": {"changed": True, "notify": ["Restart livekit", "Apply mode"]}}
    task(progress, "livekit", "Place files", media1=changed, edge1={"res": {"changed": False, "notify": []}})
    task(progress, "mode", "Place files", media1={"res": {"changed": True, "notify": ["Apply mode"]}})
    for handler in ("livekit : Restart livekit", "site_ca : Reload users of the certificate"):
        progress.event(event("playbook_on_notify", host="media1", handler=handler))
    stats(progress, ok={"media1": 2, "edge1": 1}, changed={"media1": 2})
    wanted = ["Restart livekit", "Apply mode", "Reload users of the certificate"]
    assert progress.summary()["handlers"] == {"media1": wanted}


def test_who_is_interrupted_is_told_first() -> None:
    foretold = foretell(LAB, {"media1": ["Apply mode", "Restart livekit"]}, {}, {})
    assert list(told(foretold)) == [
        "media1: would then restart livekit: calls on this host stop for some seconds, then go on by themselves",
        "media1: would then apply mode",
    ]


def test_what_does_not_run_is_not_interrupted() -> None:
    asked = {"media1": ["Restart livekit"], "core1": ["Restart portal"]}
    idle = {"media1": {"conclave-livekit.service"}}
    assert noticed(foretell(LAB, asked, idle, {})) == [("core1", "Restart portal", "conclave-portal.service")]


def test_a_new_certificate_interrupts_what_cannot_read_it_while_it_runs() -> None:
    asked = {host.name: [interruptions.CERTIFICATE] for host in LAB.hosts}
    found = noticed(foretell(LAB, asked, {}, {}))
    assert {(host, unit) for host, _, unit in found} == {
        ("media1", "conclave-livekit.service"),
        ("core1", "conclave-portal.service"),
        ("core1", "valkey-server.service"),
    }
    for host in LAB.hosts:
        units = software.certificate_units(software.roles(host, Catalog.load()))
        assert {unit for name, _, unit in found if name == host.name} == {*units} & {*NOTICED} - RELOADED


@pytest.mark.parametrize(
    ("upgrades", "lines"),
    [
        ({"media1": []}, ["media1: would then update package lists"]),
        (
            {},
            [
                "media1: would then bring packages up to the release",
                "media1: would then update package lists",
            ],
        ),
        (
            {"media1": ["conclave-livekit", "nginx"]},
            [
                (
                    "media1: would then bring packages up to the release (conclave-livekit, nginx): "
                    f"{NOTICED['conclave-livekit.service']}; {NOTICED['nginx.service']}"
                ),
                "media1: would then update package lists",
            ],
        ),
    ],
    ids=["nothing newer", "nobody looked", "newer"],
)
def test_an_upgrade_names_its_packages_and_whom_they_interrupt(
    upgrades: dict[str, list[str]], lines: list[str]
) -> None:
    asked = {"media1": ["Update package lists", interruptions.UPGRADE]}
    assert list(told(foretell(LAB, asked, {}, upgrades))) == lines


def test_packages_of_hosts_that_get_no_new_release_are_left_out() -> None:
    foretold = foretell(LAB, {"media1": ["Restart livekit"]}, {}, {"media1": ["nginx"], "core1": ["nginx"]})
    assert foretold["upgrades"] == {}
    assert noticed(foretold) == [("media1", "Restart livekit", "conclave-livekit.service")]
