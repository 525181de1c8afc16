"""Every row of docs/operate/change.md: edited, deployed once, and there, on a site that runs.

What an operator does by hand at hosts, in DNS and at the organisation's PKI, these tests do there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.pki import Pki
from tests.site.kills.hosts import Reboot

from conclave.errors import ExitCode

if TYPE_CHECKING:
    from tests.change.running import Running

pytestmark = pytest.mark.lab
SSHD = "/etc/ssh/sshd_config.d/20-port.conf"
# Debian's own unit, in the lab as on a host.
LISTEN = f"printf '%s\\n' {{ports}} >{SSHD}; sshd -t; systemctl reload ssh.service"
# Beside no other: the kernel shows neighbours as one network.
NEW_NETWORK = "2001:db8:77::/64"
RESOLVER, CLOCK = "203.0.113.53", "203.0.113.123"
PUBLIC, SECOND_PUBLIC = "203.0.113.2", "203.0.113.3"
SECOND_MEDIA = "192.0.2.35"
DOMAIN = "video.lab.example"
CORE, NEW_CORE = "192.0.2.66", "192.0.2.70"
CORE6, NEW_CORE6 = "2001:db8:1:3::2", "2001:db8:1:3::7"


def listen(*ports: int) -> str:
    """Return a script that lets a host's sshd listen on these ports."""
    return LISTEN.format(ports=" ".join(f"'Port {port}'" for port in ports))


def test_the_ssh_port_of_hosts(running: Running) -> None:
    ports = {"media1": 2222, "rt": 2022}
    with running.edited("hosts.yml") as hosts:
        groups = hosts["all"]["children"]
        groups["media"]["hosts"]["media1"]["ansible_port"] = ports["media1"]
        groups["router"]["hosts"]["rt"]["ansible_port"] = ports["rt"]
    # Nothing changes before the hosts listen there.
    refused = running.conclave("deploy", "changes", status=ExitCode.NOT_READY)
    assert "nothing listens on port 2222" in refused.stderr
    for host, port in ports.items():
        running.on(host, listen(22, port))
    running.follow()
    for host, port in ports.items():
        address = str(running.site.host_named(host).ansible_host)
        assert running.answers(address, port)
        assert not running.answers(address, 22)
        running.on(host, listen(port))
    running.verify("NET-05")
    running.call()


def test_networks_language_contact_and_bandwidth(running: Running) -> None:
    with running.edited("site.yml") as answers:
        answers["zones"]["users"].append(NEW_NETWORK)
        answers["language"], answers["contact"] = "en", "help@lab.example"
        answers["uplink"]["up"] = 40
    running.follow()
    assert NEW_NETWORK in running.on("edge1", "nft list table inet conclave")
    toml = running.on("core1", "cat /etc/conclave/portal/portal.toml")
    assert 'language = "en"' in toml
    assert "help@lab.example" in toml
    assert "40" in running.on("rt", "cat /etc/conclave/host/shaping.json")
    running.verify()
    running.call()


def test_name_and_time_servers_outside(running: Running) -> None:
    before = _asked(running)
    with running.edited("site.yml") as answers:
        answers["uplink"] |= {"resolvers": [RESOLVER], "ntp_servers": [CLOCK]}
    running.follow()
    # Nobody answers there; that they are asked is what the canary sees.
    running.on("core1", "getent ahosts www.example.org || true")
    running.on("core1", f"chronyc -n sources | grep -F {CLOCK}")
    assert _asked(running) - before == {RESOLVER, CLOCK}
    running.verify("NET-04")
    running.call()


def test_the_public_address(running: Running) -> None:
    running.give_public(PUBLIC)
    with running.edited("site.yml") as answers:
        answers["uplink"]["addresses"] = [PUBLIC]
        for former in ("resolvers", "ntp_servers"):
            answers["uplink"].pop(former, None)
    running.follow()
    running.publish()
    assert f"node_ip: {PUBLIC}," in running.on("media1", "cat /etc/conclave/livekit/livekit.yaml").replace('"', "")
    people = running.call("--outside", "1", "--outside-path", "udp4")
    assert {one["server_address"].rpartition(":")[0] for one in people if one["zone"] == "outside"} == {PUBLIC}
    running.verify()


def test_a_media_host_more(running: Running) -> None:
    running.give_public(SECOND_PUBLIC)
    with running.edited("hosts.yml") as hosts:
        media = hosts["all"]["children"]["media"]["hosts"]
        media["media1"]["conclave_public"] = [PUBLIC]
        media["media2"] = {
            "ansible_host": SECOND_MEDIA,
            "conclave_zone": "media",
            "conclave_address6": "2001:db8:1:2::3",
            "conclave_public": [SECOND_PUBLIC],
        }
    running.boot(SECOND_MEDIA)
    running.conclave("site", "trust", "changes", "--fingerprint", running.fingerprint("media2"))
    running.follow()
    running.publish()
    running.verify("MED-19")
    running.call("--outside", "1", "--outside-path", "udp4")


def test_a_media_host_less(running: Running) -> None:
    running.on("media2", "systemctl poweroff")
    with running.edited("hosts.yml") as hosts:
        media = hosts["all"]["children"]["media"]["hosts"]
        del media["media2"], media["media1"]["conclave_public"]
    running.follow()
    running.publish()
    for host in ("rt", "core1", "edge1"):
        assert SECOND_MEDIA not in running.on(host, "nft list table inet conclave; cat /etc/hosts")
    running.verify("CRY-03")
    running.call("--outside", "1", "--outside-path", "udp4")


def test_other_names_of_hosts(running: Running) -> None:
    names = {"core1": "center", "media1": "relay", "edge1": "front"}
    with running.edited("hosts.yml") as hosts:
        groups = hosts["all"]["children"]
        for group in ("core", "media", "edge"):
            (former,) = groups[group]["hosts"]
            groups[group]["hosts"] = {names[former]: groups[group]["hosts"][former]}
    for host, name in names.items():
        running.on(host, f"echo {name} >/etc/hostname; hostname {name}")
    running.follow()
    running.publish()
    domain = running.site.domain
    for host, name in names.items():
        assert f"CN = {name}.{domain}" in running.on(
            host, "openssl x509 -noout -subject -nameopt space_eq -in /etc/conclave/tls/host.crt"
        )
        assert running.on("core1", f"getent hosts {host}.{domain} || echo nobody").strip() == "nobody"
    running.verify("CRY-03", "MED-14")
    running.call()


def test_the_domain(running: Running) -> None:
    former = running.site.domain
    with running.edited("site.yml") as answers:
        answers["domain"] = DOMAIN
    # Browsers have to trust a new authority, so the operator makes it, before.
    refused = running.conclave("deploy", "changes", status=ExitCode.INPUT)
    assert "--new-ca" in refused.stderr
    running.conclave("site", "secrets", "changes", "--new-ca")
    running.follow()
    running.publish()
    assert running.on("core1", f"getent hosts meet.{former} || echo nobody").strip() == "nobody"
    running.verify("CRY-03", "NET-10")
    running.call("--outside", "1", "--outside-path", "udp4")


def test_certificates_of_the_organisation_and_back(running: Running) -> None:
    own = running.on("core1", "cat /etc/conclave/tls/ca.crt")
    Pki(running.site)
    with running.edited("site.yml") as answers:
        answers["trust"] = "supplied"
    running.follow()
    supplied = (running.folder / "certificates/ca.crt").read_text()
    assert running.on("core1", "cat /etc/conclave/tls/ca.crt").strip() == supplied.strip()
    gone = "conclave-ca.service", "conclave-tls-renew.timer"
    assert set(running.on("core1", f"systemctl is-active {' '.join(gone)} || true").split()) == {"inactive"}
    running.on("core1", "test ! -e /etc/conclave/ca/ca.key")
    running.verify("CRY-03", "CRY-04")
    running.call()
    with running.edited("site.yml") as answers:
        answers["trust"] = "own"
    running.follow()
    # Who trusted the site's own authority before need not trust another one now.
    assert running.on("core1", "cat /etc/conclave/tls/ca.crt") == own
    running.verify("CRY-03", "CRY-04")
    running.call()


def test_the_core_at_another_address(running: Running) -> None:
    def network(addresses: list[str]) -> str:
        rows = ["[Match]", "Name=core", "", "[Network]", "DHCP=no", "IPv6AcceptRA=no"]
        rows += [f"\n[Address]\nAddress={address}\nDuplicateAddressDetection=none" for address in addresses]
        rows += [
            f"\n[Route]\nGateway={gateway}\nPreferredSource={source}"
            for gateway, source in (("192.0.2.65", NEW_CORE), ("2001:db8:1:3::1", NEW_CORE6))
        ]
        text = "\n".join(rows)
        return f"printf '%s\\n' '{text}' >/etc/systemd/network/10-core.network; networkctl reload"

    running.on("core1", network([f"{NEW_CORE}/27", f"{CORE}/27", f"{NEW_CORE6}/64", f"{CORE6}/64"]))
    with running.edited("hosts.yml") as hosts:
        (core,) = hosts["all"]["children"]["core"]["hosts"].values()
        core["ansible_host"], core["conclave_address6"] = NEW_CORE, NEW_CORE6
    running.conclave("site", "trust", "changes", "--fingerprint", running.fingerprint("core1"))
    running.follow()
    running.publish()
    running.on("core1", network([f"{NEW_CORE}/27", f"{NEW_CORE6}/64"]))
    # Its services speak to each other from the address that is gone, until they start anew.
    reboot = Reboot("the core", "core")
    reboot.back(running.lab, running.site, reboot.fail(running.lab, running.site))
    assert CORE not in running.on("core1", "ip -oneline address")
    running.verify("NET-03", "NET-10", "CRY-04")
    running.call()


def _asked(running: Running) -> set[str]:
    """Return whom the canary has seen asked of those that nobody is."""
    sources = running.lab.canary().sources.values()
    return {receiver for receivers in sources for receiver in receivers} & {RESOLVER, CLOCK}
