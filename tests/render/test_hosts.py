"""Files of the roles that every host has: base, names, time, certificates, depot."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.render.rendering import ROOT, place, render
from tests.render.test_nginx import OWN_FOLDERS

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = {"site_ca_certificate": "certificate of the authority\n", "site_ca_key": "key of the authority\n"}
BUNDLE = {"depot_release": "1", "depot_bundle": "/nowhere", "base_depot_key": str(ROOT / "LICENSE")}

# Below the folder of a mode: the unit, then the file's path.
NAMES = "conclave-dns.service/etc/unbound/conclave/mode.conf"
CLOCKS = "chrony.service/etc/chrony/sources.d/conclave.sources"


def certificate_files(host: str) -> dict[str, dict[str, Any]]:
    return render("site_ca", host, role_path=str(ROOT / "roles/site_ca"), **AUTHORITY, **ca_vars(host))


def ca_vars(host: str) -> dict[str, Any]:
    return {"__site_ca_serves": host == "core1"}


def test_a_host_has_one_source_and_it_is_signed() -> None:
    files = render("base", "edge1", **BUNDLE)
    source = files["etc/apt/sources.list.d/depot.sources"]["content"]
    assert "URIs: http://192.0.2.98/apt\n" in source
    assert "Signed-By: /etc/apt/keyrings/depot.gpg\n" in source
    assert files["etc/apt/sources.list"]["state"] == "absent"
    assert files["etc/apt/sources.list.d"]["state"] == "exclusive"
    assert 'APT::Get::AllowUnauthenticated "false";' in files["etc/apt/apt.conf.d/90conclave"]["content"]


def test_the_depot_installs_from_its_own_folder() -> None:
    source = render("base", "depot1", **BUNDLE)["etc/apt/sources.list.d/depot.sources"]["content"]
    assert "URIs: file:/srv/conclave/depot/current/apt\n" in source


def test_a_host_knows_the_sites_names_before_the_name_service_runs() -> None:
    hosts = render("base", "edge1", **BUNDLE)["etc/hosts"]["content"]
    assert "192.0.2.66 core1.conf.lab.example portal.conf.lab.example" in hosts
    assert "2001:db8:1:3::2 core1.conf.lab.example" in hosts


def test_nothing_waits_long_for_a_name() -> None:
    resolver = render("base", "edge1", **BUNDLE)["etc/resolv.conf"]["content"]
    assert "nameserver 192.0.2.66\n" in resolver
    assert "options timeout:1 attempts:1\n" in resolver


def test_the_name_service_refuses_what_is_not_the_sites_and_asks_nobody() -> None:
    files = render("dns", "core1")
    text = files["etc/unbound/conclave/unbound.conf"]["content"]
    for mode in ("open", "isolated"):
        assert 'local-zone: "." refuse' in files[f"etc/conclave/mode/{mode}/{NAMES}"]["content"]
    assert 'local-zone: "conf.lab.example." static' in text
    assert 'local-data: "turn.conf.lab.example. 300 IN A 192.0.2.2"' in text
    assert 'local-data-ptr: "192.0.2.34 300 media1.conf.lab.example"' in text
    assert "forward-addr" not in text
    assert "auto-trust-anchor-file" not in text


def test_the_organisations_servers_are_asked_in_open_mode_only(tmp_path: Path) -> None:
    given = {"dns_forwarders": ["10.1.2.3", "2001:db8:9::53"], "ntp_upstream": ["10.1.2.4"]}
    files = render("dns", "core1", **given) | render("ntp", "core1", **given)
    names = {mode: files[f"etc/conclave/mode/{mode}/{NAMES}"]["content"] for mode in ("open", "isolated")}
    assert "forward-addr: 10.1.2.3\n    forward-addr: 2001:db8:9::53\n" in names["open"]
    assert "refuse" not in names["open"]
    assert "forward" not in names["isolated"].partition("server:")[2]
    clocks = {mode: files[f"etc/conclave/mode/{mode}/{CLOCKS}"]["content"] for mode in ("open", "isolated")}
    assert "server 10.1.2.4 iburst maxpoll 8\n" in clocks["open"]
    assert not [line for line in clocks["isolated"].splitlines() if not line.startswith("#")]
    for mode, text in names.items():
        checked = tmp_path / f"{mode}.conf"
        checked.write_text(text)
        done = subprocess.run(["unbound-checkconf", str(checked)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_name_service_s_file_is_whole_before_a_mode_has_added_its_own(tmp_path: Path) -> None:
    text = render("dns", "core1")["etc/unbound/conclave/unbound.conf"]["content"]
    checked = tmp_path / "unbound.conf"
    checked.write_text(text.replace("/etc/unbound/conclave", str(tmp_path)))
    done = subprocess.run(["unbound-checkconf", str(checked)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_the_core_host_gives_the_time() -> None:
    core = render("ntp", "core1")["etc/chrony/chrony.conf"]["content"]
    edge = render("ntp", "edge1")["etc/chrony/chrony.conf"]["content"]
    assert "local stratum 8 orphan" in core
    assert "allow 192.0.2.0/27" in core
    assert "server 192.0.2.66 iburst minpoll 4 maxpoll 6\n" in edge
    assert "port 0\n" in edge


@pytest.mark.parametrize("host", ["core1", "edge1"])
def test_a_clock_that_was_paused_is_stepped_whenever_that_is(host: str) -> None:
    """Slewing three minutes takes half an hour and more, in which no token of a minute is valid."""
    assert "\nmakestep 1 -1\n" in render("ntp", host)["etc/chrony/chrony.conf"]["content"]


@pytest.mark.parametrize(("state", "verb"), [("active", "restart"), ("inactive", "reload")])
def test_an_sshd_whose_ports_systemd_holds_is_started_anew_instead_of_reloaded(
    tmp_path: Path, state: str, verb: str
) -> None:
    """A reloaded sshd has closed what systemd gave it, can bind no address, and ends, whatever its Port lines say."""
    handlers = yaml.safe_load((ROOT / "roles/base/handlers/main.yml").read_text())
    (handler,) = [one for one in handlers if one["name"] == "Reload ssh"]
    asked = tmp_path / "asked"
    (tmp_path / "systemctl").write_text(
        f'#!/bin/sh\ncase "$*" in *is-active*ssh.socket) [ {state} = active ];; *) echo "$*" >>{asked};; esac\n'
    )
    (tmp_path / "systemctl").chmod(0o755)
    surroundings = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(handler["ansible.builtin.command"]["argv"], check=True, env=surroundings)
    assert asked.read_text() == f"{verb} ssh.service\n"


def test_a_router_takes_its_route_from_advertisements_only_where_it_should() -> None:
    path = "etc/sysctl.d/70-conclave-router.conf"
    assert "accept_ra" not in render("router", "rt")[path]["content"]
    advertised = render("router", "rt", router_advertised=["wan.7"])[path]["content"]
    assert "\n-net/ipv6/conf/wan.7/accept_ra = 2\n" in advertised


@pytest.mark.parametrize("unit", ["networking", "ifup@", "systemd-networkd", "NetworkManager", "dhcpcd"])
def test_no_network_comes_up_before_the_firewall(unit: str) -> None:
    drop_in = render("firewall", "core1")[f"etc/systemd/system/{unit}.service.d/conclave-firewall.conf"]["content"]
    assert "\nRequires=conclave-firewall.service\nAfter=conclave-firewall.service\n" in drop_in


def test_the_authoritys_key_is_on_one_host_and_for_root_alone() -> None:
    core, edge = certificate_files("core1"), certificate_files("edge1")
    assert core["etc/conclave/ca/ca.key"]["mode"] == "0600"
    assert core["etc/conclave/ca/ca.key"]["secret"]
    assert {item["state"] for path, item in edge.items() if path.startswith("etc/conclave/ca/")} == {"absent"}
    assert not [path for path, item in edge.items() if AUTHORITY["site_ca_key"] in item.get("content", "")]


def test_supplied_certificates_come_from_the_control_node_and_nothing_renews_them(tmp_path: Path) -> None:
    for name in ("edge1.crt", "edge1.key"):
        (tmp_path / name).write_text(name)
    supplied = {"site_ca_trust": "supplied", "site_ca_folder": str(tmp_path), "site_ca_certificate": "ca\n"}
    files = render("site_ca", "edge1", role_path="", site_ca_key="", __site_ca_serves=False, **supplied)
    assert files["etc/conclave/tls/host.key"]["content"] == "edge1.key"
    assert (files["etc/conclave/tls/host.key"]["mode"], files["etc/conclave/tls/host.key"]["secret"]) == ("0640", True)
    gone = "conclave/ca/ca.key", "systemd/system/conclave-ca.service", "systemd/system/conclave-tls-renew.timer"
    # As on a host that had them; a handler would look for a unit without a file.
    assert {(files[f"etc/{path}"]["state"], *files[f"etc/{path}"]["notify"]) for path in gone} == {("absent",)}


@pytest.mark.parametrize(("role", "host"), [("firewall", "rt"), ("dns", "core1"), ("site_ca", "core1")])
def test_systemd_accepts_the_units(role: str, host: str, tmp_path: Path) -> None:
    files = certificate_files(host) if role == "site_ca" else render(role, host)
    units = {
        path: item for path, item in files.items() if path.startswith("etc/systemd/system/") and item["state"] == "file"
    }
    for item in units.values():
        # The programs are on the site's hosts; here only the unit's own words are judged.
        item["content"] = re.sub(r"^(Exec\w+)=.*$", r"\1=/bin/true", item["content"], flags=re.MULTILINE)
    place(units, tmp_path)
    paths = [str(tmp_path / path) for path in units if path.count("/") == 3]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "conclave" in line]
    assert not ours


def test_the_depot_serves_packages_to_the_sites_zones_only() -> None:
    text = render("depot", "depot1", **BUNDLE)["etc/nginx/conclave.d/http/depot.conf"]["content"]
    assert "listen 80 default_server;" in text
    assert "allow 192.0.2.0/27;" in text
    assert text.index("deny all;") > text.index("allow 192.0.2.128/27;")
    assert "limit_except GET { deny all; }" in text


def test_nginx_accepts_the_depots_server(tmp_path: Path) -> None:
    server = render("depot", "depot1", **BUNDLE)["etc/nginx/conclave.d/http/depot.conf"]["content"]
    (tmp_path / "depot.conf").write_text(server.replace("listen [::]:80 default_server;", ""))
    http = f"http {{ {OWN_FOLDERS.replace('%s', str(tmp_path))} access_log off; include {tmp_path}/depot.conf; }}"
    (tmp_path / "nginx.conf").write_text(f"user root;\npid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n{http}\n")
    command = ["unshare", "-r", "-n", "nginx", "-t", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_host_forwards_nothing_and_a_router_is_left_as_it_is() -> None:
    # Before the router's own file is there, the other hosts may be reached through it.
    settings = {
        host: render("base", host, **BUNDLE)["etc/sysctl.d/60-conclave.conf"]["content"] for host in ("edge1", "rt")
    }
    assert "-net.ipv4.ip_forward = 0" in settings["edge1"]
    assert "-net.ipv6.conf.all.forwarding = 0" in settings["edge1"]
    assert "forward" not in settings["rt"]
