"""The SFU's configuration through the SFU's own strict reader, and each of its traps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import ROOT, document, render
from tests.shapes import ipv6_only

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "etc/conclave/livekit/livekit.yaml"
UNIT = "etc/systemd/system/conclave-livekit.service"
OWN = ("192.0.2.34", "2001:db8:1:2::2")
# IPv4 is translated by the lab's router, IPv6 is not.
SHOWN = ("203.0.113.1", "2001:db8:1:2::2")


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, Any]]:
    return render("livekit", "media1")


@pytest.fixture(scope="module")
def config(files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    loaded: dict[str, Any] = document(files, CONFIG)
    return loaded


def refusal(files: dict[str, dict[str, Any]], server: Path, tmp_path: Path, extra: str = "") -> str:
    """Return what the command of tree.yml says against the file; an empty string when it is accepted."""
    keys = tmp_path / "keys.yaml"
    keys.write_text(files["etc/conclave/livekit/keys.yaml"]["content"])
    keys.chmod(0o600)
    written = tmp_path / "livekit.yaml"
    written.write_text(files[CONFIG]["content"].replace("/etc/conclave/livekit/keys.yaml", str(keys)) + extra)
    assert files[CONFIG]["validate"] == "/usr/lib/conclave/livekit-check %s"
    program = "import sys; from conclave_host.livekit import check; sys.exit(check(sys.argv[1:]))"
    command = [sys.executable, "-c", program, str(written), str(server)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host")}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return found.stderr if found.returncode else ""


def test_livekit_reads_its_file_strictly_and_knows_every_key(
    files: dict[str, Any], livekit_server: Path, tmp_path: Path
) -> None:
    assert refusal(files, livekit_server, tmp_path) == ""


def test_a_key_that_livekit_does_not_know_is_refused_before_anything_is_replaced(
    files: dict[str, Any], livekit_server: Path, tmp_path: Path
) -> None:
    assert "field no_such_key not found" in refusal(files, livekit_server, tmp_path, "\nno_such_key: 1\n")


def test_a_key_file_that_others_may_read_is_not_written(files: dict[str, Any]) -> None:
    assert int(files["etc/conclave/livekit/keys.yaml"]["mode"], 8) & 0o007 == 0


def test_no_secret_stands_in_the_file_everyone_on_the_host_may_read(files: dict[str, Any]) -> None:
    assert "for-tests" not in files[CONFIG]["content"]
    assert "0123456789abcdef" not in files[CONFIG]["content"]


def test_nobody_outside_the_site_is_asked_for_an_address(config: dict[str, Any]) -> None:
    assert config["rtc"]["use_external_ip"] is False
    assert config["rtc"]["node_ip"] == ",".join(SHOWN)
    assert config["rtc"]["stun_servers"] == ["203.0.113.1:3478", "[2001:db8:1:2::2]:3478"]
    assert config["turn"]["udp_port"] == 3478


def test_a_site_whose_addresses_are_public_shows_them_as_they_are() -> None:
    found = document(render("livekit", "media1", livekit_shown_addresses=list(OWN)), CONFIG)
    assert found["rtc"]["node_ip"] == ",".join(OWN)
    assert found["rtc"]["stun_servers"] == ["192.0.2.34:3478", "[2001:db8:1:2::2]:3478"]


def test_moderation_metrics_and_signalling_listen_on_loopback_only(config: dict[str, Any]) -> None:
    assert config["bind_addresses"] == ["127.0.0.1"]
    assert "debug_handler" not in config
    assert not config.get("development", False)


def test_rooms_are_made_by_the_portal_only_and_live_in_valkey_over_tls(config: dict[str, Any]) -> None:
    assert config["room"]["auto_create"] is False
    assert config["redis"]["tls"]["enabled"] is True
    assert not config["redis"]["tls"].get("insecure", False)


def test_a_room_stays_on_the_node_that_was_asked_to_make_it(config: dict[str, Any]) -> None:
    assert config["region"] == "media1"
    selector = config["node_selector"]
    assert selector["kind"] == "regionaware"
    assert [region["name"] for region in selector["regions"]] == ["media1"]


def test_a_node_that_ended_is_taken_out_of_the_list_under_the_address_it_is_listed_by(files: dict[str, Any]) -> None:
    settings = json.loads(files["etc/conclave/host/sfu-node.json"]["content"])
    assert settings["node_ip"] == SHOWN[0]
    assert (settings["server"], settings["port"], settings["user"]) == ("valkey.conf.lab.example", 6380, "livekit")
    assert "ExecStopPost=-/usr/lib/conclave/sfu-node-forget" in files[UNIT]["content"]


def test_codecs_without_end_to_end_encryption_are_off(config: dict[str, Any]) -> None:
    enabled = {codec["mime"] for codec in config["room"]["enabled_codecs"]}
    assert enabled == {"audio/opus", "video/vp8", "video/vp9", "video/h264", "video/rtx"}


def test_a_relay_reaches_this_sfu_and_nothing_else(config: dict[str, Any]) -> None:
    denied = [ip_network(network) for network in config["turn"]["deny_peer_cidrs"]]

    def reachable(address: str) -> bool:
        return not any(ip_address(address) in network for network in denied)

    assert all(reachable(address) for address in (*OWN, *SHOWN))
    others = [
        "192.0.2.33",
        "192.0.2.35",
        "192.0.2.66",
        "198.51.100.10",
        "10.0.0.1",
        "2001:db8:1:2::1",
        "2001:db8:1:3::2",
        "::1",
    ]
    assert not any(reachable(address) for address in others)
    assert config["turn"]["allow_restricted_peer_cidrs"] == ["192.0.2.34/32", "2001:db8:1:2::2/128"]


def test_a_host_without_ipv6_relays_to_no_ipv6_address(livekit_server: Path, tmp_path: Path) -> None:
    files = render("livekit", "media1", livekit_addresses6=[], livekit_shown_addresses=list(SHOWN[:1]))
    assert refusal(files, livekit_server, tmp_path) == ""
    found = document(files, CONFIG)
    assert "::/0" in found["turn"]["deny_peer_cidrs"]
    assert found["rtc"]["node_ip"] == "203.0.113.1"


def test_a_host_without_ipv4_relays_to_no_ipv4_address(livekit_server: Path, tmp_path: Path) -> None:
    files = render("livekit", "media1", str(ipv6_only.write(tmp_path / "ipv6-only")))
    assert refusal(files, livekit_server, tmp_path) == ""
    found = document(files, CONFIG)
    assert "0.0.0.0/0" in found["turn"]["deny_peer_cidrs"]
    assert found["rtc"]["node_ip"] == OWN[1]
    assert found["rtc"]["stun_servers"] == [f"[{OWN[1]}]:3478"]
