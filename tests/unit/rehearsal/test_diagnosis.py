"""From observations to verdict, hop and rule: tables of what was seen and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conclave.catalog import Catalog
from conclave.rehearsal.diagnosis import diagnose
from conclave.rehearsal.known import Known, known
from conclave.rehearsal.result import Certificate, Measured, Reached, Seen
from conclave.rehearsal.sentences import sentence
from conclave.site import read

if TYPE_CHECKING:
    from conclave.rehearsal.result import Finding

CATALOG, SITE = Catalog.load(), read.load("lab")
DOMAIN = "conf.lab.example"
NAMES = ("media", "meet", "sso", "turn")
MEDIA, PUBLIC, EDGE, BOX, ROUTER = "192.0.2.34", "203.0.113.1", "192.0.2.2", "10.255.255.1", "198.51.100.1"
PORTS = {"web": 443, "media-udp": 7882, "media-tcp": 7881, "turn-udp": 3478, "turn-tls": 443}
OPEN = dict.fromkeys(PORTS, ("open", "", "")) | {"media-udp": ("silent", "", ROUTER)}
DROPPED = ("silent", "", BOX)
ISSUER = "CN=Some Proxy"


def about(zone: str = "users") -> Known:
    return known(CATALOG, SITE, zone, ("203.0.113.1",))


def seen(
    page: dict[str, Any] | None = None,
    reached: dict[str, tuple[str, str, str]] | None = None,
    *,
    foreign: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401 - fields of Seen
) -> Seen:
    """Return observations: state, who said no and the last who was heard of, by flow."""
    reached = [
        Reached(
            flow=flow,
            protocol="udp" if "udp" in flow else "tcp",
            address=EDGE if PORTS[flow] == 443 else MEDIA,
            port=PORTS[flow],
            state=state,  # type: ignore[arg-type]
            by=by,
            last=last,
        )
        for flow, (state, by, last) in (OPEN | (reached or {})).items()
    ]
    certificates = [
        Certificate(
            name=f"{name}.{DOMAIN}",
            issuer=ISSUER if name in foreign else "CN=site",
            trusted=name not in foreign,
            foreign=name in foreign,
        )
        for name in NAMES
        if name not in unknown
    ]
    measured = None if page is None else Measured(**({"stage": "ok", "frames_sent": 90, "frames_received": 89} | page))
    names = {f"{name}.{DOMAIN}": [] if name in unknown else [EDGE] for name in NAMES}
    return Seen(names=names, reached=reached, certificates=certificates, page=measured, **more)


def found(observed: Seen, zone: str = "users") -> Finding:
    return diagnose(observed, about(zone))


NO_UDP = {"media-udp": DROPPED, "turn-udp": DROPPED}
ONLY_443 = {**NO_UDP, "media-tcp": DROPPED}
NOTHING = {"path": "none", "stage": "media", "frames_sent": 0, "frames_received": 0}

# What was seen -> verdict, path, hop, its name, flows to request.
CASES: dict[str, tuple[Seen, tuple[str, str, str, str, list[str]]]] = {
    "no restriction": (seen({"path": "udp"}), ("works", "udp", "", "", [])),
    "udp dropped by the client's box": (
        seen({"path": "tcp"}, NO_UDP),
        ("slow", "tcp", "client network", BOX, ["media-udp"]),
    ),
    "udp refused by the site's router": (
        seen({"path": "tcp"}, {"media-udp": ("prohibited", ROUTER, "")}),
        ("slow", "tcp", "site router", "rt", ["media-udp"]),
    ),
    "udp dropped after the site's router": (
        seen({"path": "tcp"}, {"media-udp": ("silent", "", PUBLIC)}),
        ("slow", "tcp", "site router", "rt", ["media-udp"]),
    ),
    "nobody listens for udp": (
        seen({"path": "tcp"}, {"media-udp": ("refused", MEDIA, "")}),
        ("slow", "tcp", "media host", "media1", ["media-udp"]),
    ),
    "relay over udp": (
        seen({"path": "turn-udp"}, {"media-udp": DROPPED}),
        ("slow", "turn-udp", "client network", BOX, ["media-udp"]),
    ),
    "only the web": (
        seen({"path": "turn-tls"}, ONLY_443),
        ("slow", "turn-tls", "client network", BOX, ["media-udp", "media-tcp"]),
    ),
    "nobody can trace": (
        seen({"path": "tcp"}, {"media-udp": ("silent", "", ""), "turn-udp": ("silent", "", "")}),
        ("slow", "tcp", "", "", ["media-udp"]),
    ),
    "tls is opened": (
        seen(None, foreign=NAMES, page_error="ERR_CERT_AUTHORITY_INVALID"),
        ("fails", "none", "tls proxy", ISSUER, ["web"]),
    ),
    "tls is opened for the relay only": (
        seen(NOTHING, ONLY_443, foreign=("turn",)),
        ("fails", "none", "tls proxy", ISSUER, ["web"]),
    ),
    "names are not known": (seen(None, unknown=NAMES), ("fails", "none", "name server", "", ["dns"])),
    "not even the web": (
        seen(None, {"web": DROPPED}, page_error="ERR_CONNECTION_TIMED_OUT"),
        ("fails", "none", "client network", BOX, ["web"]),
    ),
    "nothing answers, as when the site is isolated": (
        seen(None, dict.fromkeys(PORTS, DROPPED), page_error="ERR_CONNECTION_TIMED_OUT"),
        ("fails", "none", "", BOX, []),
    ),
    "the edge refuses": (
        seen(None, {"web": ("refused", "", ROUTER)}, page_error="ERR_CONNECTION_REFUSED"),
        ("fails", "none", "edge host", "edge1", ["web"]),
    ),
    "signalling runs and no media": (
        seen(NOTHING, {**ONLY_443, "turn-tls": ("silent", "", "")}),
        ("fails", "none", "client network", BOX, ["media-udp", "media-tcp", "turn-tls"]),
    ),
    "no room for a check": (
        seen({"path": "none", "stage": "portal", "refused": "too_many_attempts"}),
        ("fails", "none", "portal", "", []),
    ),
    "signalling does not open": (
        seen({"path": "none", "stage": "signalling"}),
        ("fails", "none", "edge host", "", []),
    ),
    "the browser cannot encrypt": (
        seen({"path": "none", "stage": "browser"}),
        ("fails", "none", "", "", []),
    ),
    "the portal is silent": (
        seen({"path": "none", "stage": "portal"}),
        ("fails", "none", "portal", "", []),
    ),
    "best path over IPv6": (seen({"path": "udp", "address_family": 6}), ("works", "udp", "", "", [])),
    "the page breaks off": (seen(None, page_error="ERR_EMPTY_RESPONSE"), ("fails", "none", "edge host", "", [])),
    "the page is never there": (seen(None), ("fails", "none", "portal", "", [])),
    "the page does not come": (seen(None, page_status=502), ("fails", "none", "portal", "", [])),
    "no frame comes": (
        seen({"path": "udp", "frames_received": 0, "loss_percent": 0.0}),
        ("fails", "udp", "client network", "", []),
    ),
    "the picture stands": (
        seen({"path": "udp", "frames_sent": 90, "frames_received": 12, "loss_percent": 31.0}),
        ("fails", "udp", "client network", "", []),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_observations_name_verdict_hop_and_rule(case: str) -> None:
    observed, expected = CASES[case]
    finding = found(observed)
    asked = [rule.flow for rule in finding.ask]
    assert (finding.verdict, finding.path, finding.hop, finding.hop_name, asked) == expected
    assert finding.why == sentence(finding.said, "en")
    assert "{" not in sentence(finding.said, "de")


def test_an_expired_certificate_is_the_sites_own_fault() -> None:
    observed = seen(None, page_error="ERR_CERT_DATE_INVALID")
    observed.certificates[1] = Certificate(
        name=f"meet.{DOMAIN}", issuer="CN=site", trusted=False, error="certificate has expired"
    )
    finding = found(observed)
    assert (finding.hop, finding.ask) == ("edge host", [])
    assert "certificate has expired" in finding.why


def test_who_opens_tls_is_named_with_what_to_ask_for() -> None:
    finding = found(seen(None, foreign=NAMES))
    assert ISSUER in finding.why
    assert finding.ask[0].sentence == (
        f"TCP 443 to media.{DOMAIN}, meet.{DOMAIN}, sso.{DOMAIN}, turn.{DOMAIN} (192.0.2.2, 2001:db8:1:1::2), "
        "without TLS inspection"
    )


def test_rules_name_every_host_of_a_role() -> None:
    cluster = known(CATALOG, read.load("cluster"), "outside")
    assert cluster.rules["media-udp"].addresses == ["192.0.2.34", "192.0.2.35"]
    assert cluster.rules["web"].addresses == ["192.0.2.2", "192.0.2.3"]
    # The edge knows the relays of several media hosts by names of their own.
    assert cluster.rules["turn-tls"].name == "media1.turn.cluster.lab.example"


@pytest.mark.parametrize(
    ("zone", "addresses"),
    [
        # Inside, the media server's own addresses, and the public one that it tells everybody (hairpin).
        ("users", "192.0.2.34, 2001:db8:1:2::2, 203.0.113.1"),
        # Outside, the public address stands for the inner one of its IP version.
        ("outside", "203.0.113.1, 2001:db8:1:2::2"),
    ],
)
def test_a_rule_names_the_addresses_that_people_of_the_zone_meet(zone: str, addresses: str) -> None:
    finding = found(seen({"path": "tcp"}, NO_UDP), zone)
    assert finding.ask[0].sentence == f"UDP 7882 to sfu.{DOMAIN} ({addresses})"
    assert finding.why == f"media takes TCP 7881, because UDP 7882 is blocked at the network before the site ({BOX})"


@pytest.mark.parametrize(
    ("page", "more", "note"),
    [
        ({"round_trip_ms": 412.0}, {}, "412 ms round-trip time"),
        ({"loss_percent": 5.2}, {}, "5.2 % packet loss"),
        ({}, {"mtu": 1280}, "MTU is 1280 bytes"),
    ],
)
def test_what_people_will_notice_is_said_though_it_works(page: dict[str, Any], more: dict[str, Any], note: str) -> None:
    finding = found(seen({"path": "udp", **page}, **more))
    assert finding.verdict == "works"
    assert any(note in said for said in finding.notes)


def test_a_translation_that_changes_ports_is_noted() -> None:
    observed = seen({"path": "udp"})
    relay = next(reached for reached in observed.reached if reached.flow == "turn-udp")
    relay.own, relay.mapped = "10.255.255.2:40000", "198.51.100.9:40000"
    assert not any("NAT" in said for said in found(observed).notes)
    relay.mapped = "198.51.100.9:61000"
    assert any("NAT" in said for said in found(observed).notes)


def test_what_reached_the_site_by_one_address_is_not_the_clients_networks_fault() -> None:
    observed = seen({"path": "tcp"}, {"media-udp": DROPPED})
    reached = next(reached for reached in observed.reached if reached.flow == "media-udp")
    observed.reached.append(reached.model_copy(update={"address": PUBLIC, "last": ROUTER}))
    assert found(observed).hop == "site router"


def test_a_busy_machine_is_not_the_networks_fault() -> None:
    finding = found(seen({"path": "udp", "frames_sent": 75, "frames_received": 30, "loss_percent": 0.0}))
    assert finding.verdict == "works"
    assert finding.notes == ["of 75 frames 30 were shown although packets arrived: this machine was busy"]


def test_a_fine_network_has_no_notes() -> None:
    assert found(seen({"path": "udp", "round_trip_ms": 1.0, "loss_percent": 0.0}, mtu=1500)).notes == []
