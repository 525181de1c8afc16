"""What the product asks of hosts comes through a shell that prints, and through an account with sudo."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from conclave import preflight
from conclave.catalog import Catalog
from conclave.deploy import depot, journal
from conclave.errors import ConclaveError
from conclave.evidence import link
from conclave.remote import LostError
from conclave.site import read
from conclave.verify import places

if TYPE_CHECKING:
    from tests.lab.remote.conftest import Hosts

    from conclave.site.model import Host, Site

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("chatty")]
ROOT: dict[str, Any] = {"ansible_port": 2222}
OPS: dict[str, Any] = {"ansible_user": "ops"}


def site_of(hosts: Hosts, **account: object) -> tuple[Site, Host]:
    """Return a site whose core host is the second of the lab."""
    site = read.load("lab")
    core = site.host("core").model_copy(update={"ansible_host": ip_address(hosts.login("other").address), **account})
    return site.model_copy(update={"hosts": (core, *(host for host in site.hosts if host.name != core.name))}), core


@pytest.mark.parametrize("account", [ROOT, OPS])
def test_preflight_hears_what_the_host_says(hosts: Hosts, account: dict[str, Any]) -> None:
    site, core = site_of(hosts, **account)
    report = preflight.run(site, {"core1"})
    assert report.hosts == [core.name]
    # Blank, and here under another address: but it was understood.
    found = {finding.check for finding in report.findings if finding.host == core.name}
    assert found <= {"address", "names", "ports", "memory", "disk"}
    # It would get its packages from the depot, which is not there.
    assert {finding.check for finding in report.findings if finding.host != core.name} == {"reachable"}


def test_preflight_says_what_an_account_without_sudo_lacks(hosts: Hosts) -> None:
    site, _ = site_of(hosts, ansible_user="nobody-s")
    assert "root" in {finding.check for finding in preflight.run(site, {"core1"}).findings}


def test_preflight_tells_the_reasons_apart(hosts: Hosts) -> None:
    for account, check in (({"ansible_port": 4}, "reachable"), ({"ansible_user": "games"}, "sign-in")):
        site, _ = site_of(hosts, **account)
        assert [finding.check for finding in preflight.run(site, {"core1"}).findings] == [check]


@pytest.mark.parametrize("account", [ROOT, OPS])
def test_checks_run_commands_as_root(hosts: Hosts, account: dict[str, Any]) -> None:
    site, core = site_of(hosts, **account)
    host = places.Host(core, site)
    assert host.read("id -un; echo %s", "a 'b' $c") == "root\na 'b' $c\n"
    assert host.json("echo '[1]'") == [1]
    assert host.read("cat", stdin="secret") == "secret"
    assert host.run("exit 3").status == 3
    assert host.probe("connect", targets=[("127.0.0.1", 22)]) == ["open"]
    with pytest.raises(ConclaveError, match="`echo why >&2; exit 4` ended with 4: why"):
        host.read("echo why >&2; exit 4")


def test_a_check_reaches_a_host_again_that_was_gone(hosts: Hosts) -> None:
    site, core = site_of(hosts)
    host = places.Host(core, site)
    server = host.read("echo $PPID").strip()
    hosts.on("other", f"kill -9 {server}")
    # The loss may be noticed by the command that meets it, not later.
    with contextlib.suppress(LostError):
        host.read("true")
    assert host.read("echo $PPID").strip() != server


@pytest.mark.parametrize("account", [ROOT, OPS])
def test_evidence_is_heard_and_a_recorder_goes_on_until_it_is_ended(hosts: Hosts, account: dict[str, Any]) -> None:
    _, core = site_of(hosts, **account)
    links, lost = link.connect([core])
    assert not lost
    watch = links[core.name].watch(["host0"])
    # A blank host has no tcpdump, and says so to the end.
    assert watch.ready == [False]
    (capture,) = watch.end()
    assert capture["interface"] == "host0"
    assert "tcpdump" in str(capture["said"])
    links[core.name].close()


def test_journal_and_depot_answer_or_say_why_not(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    _, core = site_of(hosts, **OPS)
    assert journal.last_lines(core, "ssh.service")[0].startswith("ssh.service: success active running")
    assert depot.installed(core.login) is None
    current = f"{Catalog.load().paths['depot']}/current"
    hosts.on("other", f"mkdir -p {current}; echo '{{\"serial\": 7}}' > {current}/manifest.json")
    assert depot.installed(core.login) == {"serial": 7}
    monkeypatch.setattr(journal, "_SECONDS", 0.01)
    assert journal.last_lines(core, "")[0].startswith(f"(the journal of {core.name} cannot be read: no answer")
