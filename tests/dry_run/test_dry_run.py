"""What `conclave deploy --check` foretells is what the run then does: tasks, handlers, and services that start anew.

The tests follow each other: blank hosts, hosts that somebody has changed, a site whose files have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from conclave.catalog import Catalog
from conclave.deploy import interruptions
from conclave.site import software

from .conftest import ROOT

if TYPE_CHECKING:
    from .conftest import Hosts

# What a dry run cannot know.
UNKNOWN = {
    # nginx alone finds out whether it can go on with its new files; it may refuse some that pass its test.
    "Start nginx anew where it keeps its former files",
}
KEYCLOAK = "conclave-keycloak.service"
# Lives that are not ours: sign-ins, and what somebody runs for a moment.
PASSING = ("user@", "user-runtime-dir@", "run-", "session-")
EDIT = """
edit() { for file; do if [ -f "$file" ]; then echo "# somebody's" >>"$file"; fi; done; }
gone() { for file; do if [ -e "$file" ]; then rm "$file"; fi; done; }
is() { systemctl --quiet is-active "$1"; }
"""
# Of every kind of file there is: validated, with a checksum, secret, linked, of a unit, with a handler and without.
FILES = """
edit /etc/systemd/journald.conf.d/10-conclave.conf /etc/unbound/conclave/unbound.conf /etc/conclave/livekit/livekit.yaml
gone /etc/localtime /etc/chrony/chrony.conf /etc/sysctl.d/60-conclave-valkey.conf /usr/share/conclave/edge/error.html
if [ -f /etc/nginx/nginx.conf ]; then chmod 0600 /etc/nginx/nginx.conf; fi
if [ -f /etc/conclave/postgresql/pg_hba.conf ]; then chmod 0600 /etc/conclave/postgresql/pg_hba.conf; fi
"""
# systemd goes on holding the ports of nginx; nobody comes who would have it started.
STOPPED = """
for unit in conclave-portal-worker.service nginx.service; do
  if is "$unit"; then systemctl stop "$unit" 2>/dev/null; fi
done
"""
LIVE = "nft insert rule inet conclave input tcp dport 4242 accept"
LACKING = "if dpkg --status conclave-web >/dev/null 2>&1; then dpkg --purge conclave-web >/dev/null; fi"
# As it is before a new release: an older package, and the number of the release that it came with.
OLDER = """
echo 1 >/etc/conclave/release
is conclave-livekit.service || exit 0
cd "$(mktemp -d)"
apt-get download -qq conclave-livekit 2>/dev/null
dpkg-deb --raw-extract conclave-livekit_*.deb old
sed -i 's/^Version: .*/Version: 0/' old/DEBIAN/control
dpkg-deb -Znone --build old old.deb >/dev/null
dpkg --install old.deb >/dev/null 2>&1
# The package has asked for a restart; this waits for it.
systemctl start conclave-livekit.service
"""


def restarts() -> dict[str, str]:
    """Return the units that handlers start anew, by the handlers' names."""
    found = {}
    for file in (ROOT / "roles").glob("*/handlers/main.yml"):
        for handler in yaml.safe_load(file.read_text(encoding="utf-8")):
            service = handler.get("ansible.builtin.systemd_service", {})
            if service.get("state") == "restarted":
                found[handler["name"]] = service["name"]
    return found


def anew(hosts: Hosts, foretold: dict[str, Any]) -> dict[str, set[str]]:
    """Return the units of each host that a dry run has said will start anew."""
    units = restarts()
    found: dict[str, set[str]] = {host: set() for host in hosts.names}
    for host, names in foretold["handlers"].items():
        found[host] |= {units[name] for name in names if name in units}
        if interruptions.CERTIFICATE in names:
            roles = software.roles(hosts.site.host_named(host), Catalog.load())
            found[host] |= set(software.certificate_units(roles)) - interruptions.RELOADED
    for one in foretold["interruptions"]:
        found[one["host"]].add(one["unit"])
    return found


def other_answers(answers: dict[str, Any]) -> None:
    """Make site.yml differ from what it is in the project."""
    answers["language"] = "de" if answers["language"] == "en" else "en"
    answers["contact"] = "somebody@lab.example"
    answers["zones"]["users"].append("2001:db8:77::/64")


def another_attribute(groups: dict[str, Any]) -> None:
    """Make hosts.yml differ: media hosts are reached at another address."""
    (name,) = groups["all"]["children"]["media"]["hosts"]
    of(groups, name)["conclave_public"] = ["203.0.113.7"]


def of(groups: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the variables of a host, wherever in hosts.yml they stand."""
    waiting = [groups]
    while True:
        group = waiting.pop()
        if isinstance(group.get(name), dict) and "ansible_host" in group[name]:
            return group[name]
        waiting += [inner for inner in group.values() if isinstance(inner, dict)]


def compare(hosts: Hosts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Foretell, do, compare; return what was foretold and what was done."""
    before = hosts.lives()
    hosts.stamp()
    foretold = hosts.deploy("--check")
    assert hosts.touched() == {}
    assert {host: changed(before[host], lives) for host, lives in hosts.lives().items()} == {
        host: set() for host in hosts.names
    }
    done = hosts.deploy()
    after = hosts.lives()
    assert done["tasks"] == foretold["tasks"]
    assert handlers(done) == handlers(foretold)
    restarted = {host: changed(before[host], after[host]) for host in hosts.names}
    said = anew(hosts, foretold)
    assert restarted == {host: said[host] & set(before[host]) for host in hosts.names}
    noticed = {(one["host"], one["unit"]) for one in foretold["interruptions"]}
    assert {(host, unit) for host, units in restarted.items() for unit in units & {*interruptions.NOTICED}} == noticed
    return foretold, done


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the services that no longer are in the life they were in."""
    return {unit for unit, life in before.items() if after.get(unit) != life and not unit.startswith(PASSING)}


def handlers(summary: dict[str, Any]) -> dict[str, set[str]]:
    """Return the handlers of each host, without those that nobody can foresee."""
    return {host: set(names) - UNKNOWN for host, names in summary["handlers"].items() if set(names) - UNKNOWN}


def test_on_blank_hosts(hosts: Hosts) -> None:
    hosts.edit("site.yml", other_answers)
    hosts.edit("hosts.yml", another_attribute)
    foretold, done = compare(hosts)
    assert foretold["interruptions"] == []
    for host in hosts.names:
        assert "base: Install packages" in foretold["tasks"][host]
    assert done["changed"] > len(hosts.names)


def test_after_somebody_has_changed_the_hosts(hosts: Hosts) -> None:
    for host in hosts.names:
        hosts.on(host, EDIT + FILES)
        hosts.on(host, EDIT + STOPPED)
        hosts.on(host, EDIT + LACKING)
        hosts.on(host, EDIT + OLDER)
        hosts.on(host, LIVE)
    foretold, _ = compare(hosts)
    units = {one["unit"] for one in foretold["interruptions"]}
    assert units >= {"conclave-dns.service", "conclave-livekit.service"}
    for host in hosts.names:
        assert "firewall: Compare the rules in the kernel with those in place" in foretold["tasks"][host]
    assert any("conclave-livekit" in packages for packages in foretold["upgrades"].values())


def test_before_a_change_of_the_site(hosts: Hosts) -> None:
    # What the new rules put right anyway.
    for host in hosts.names:
        hosts.on(host, EDIT + "edit /etc/conclave/mode/cut.nft")
        hosts.on(host, LIVE)
    hosts.restore()
    foretold, _ = compare(hosts)
    units = {one["unit"] for one in foretold["interruptions"]}
    assert units >= {"conclave-dns.service", "conclave-livekit.service", "conclave-portal.service", KEYCLOAK}
    tasks = {task for tasks in foretold["tasks"].values() for task in tasks}
    assert tasks >= {"firewall: Place rules and load them", "keycloak: Apply the realm"}
    assert "firewall: Compare the rules in the kernel with those in place" not in tasks


def test_a_run_that_follows_changes_nothing(hosts: Hosts) -> None:
    foretold, done = compare(hosts)
    assert foretold["tasks"] == done["tasks"] == {}
    assert foretold["handlers"] == done["handlers"] == {}
