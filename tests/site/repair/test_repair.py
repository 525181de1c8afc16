"""One deployment puts right what somebody has damaged on several hosts; verify names it before, and not afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from conclave.verify.run import Wanted, verify

from .conftest import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.evidence import Run

    from .conftest import Place

pytestmark = pytest.mark.lab

MODULE = "/usr/lib/conclave/portal/app/media/tokens.py"
STRANGER = "/etc/nginx/conclave.d/http/stranger.conf"
# Who connects meanwhile has systemd start what is masked, and that is the end of the socket.
KNOCK = "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 443), 2)' 2>/dev/null"
PAGE = """
import ssl, sys, urllib.request as web
print(web.urlopen(sys.argv[1], context=ssl._create_unverified_context(), timeout=20).read().decode())
"""
CONTROLS = ("CFG-01", "CFG-02", "SYS-04", "SYS-08", "SYS-11")


@dataclass(frozen=True)
class Wound:
    """Damage, by which control verify names it and with which words, and what the host itself says once it is healed.

    Parameters
    ----------
    look:
        A script that prints ``healed`` in the end.
    """

    host: str
    change: str
    control: str
    named: str
    healed: str
    look: str


WOUNDS = {
    "a package is gone": Wound(
        "edge1",
        "dpkg --purge conclave-web >/dev/null",
        "SYS-04",
        "conclave-web (not installed)",
        "install ok installed\n",
        "dpkg-query --show --showformat '${Status}\\n' conclave-web; "
        "test -s $(dpkg -L conclave-web | grep '/index.html$')",
    ),
    "a file of a package is edited": Wound(
        "core1",
        f"echo '# changed' >>{MODULE}",
        "SYS-04",
        f"{MODULE} of conclave-portal",
        "",
        f"! grep '^# changed' {MODULE} && dpkg --verify conclave-portal && systemctl --quiet is-active conclave-portal",
    ),
    "a service is stopped and masked, twice": Wound(
        "edge1",
        f"systemctl mask --quiet --now nginx.service; systemctl mask --quiet --runtime nginx.service; {KNOCK} || true",
        "SYS-08",
        "nginx.service is masked",
        "enabled\nactive\nactive\n",
        "systemctl is-enabled nginx.service && systemctl is-active nginx.service nginx.socket",
    ),
    "the kernel forwards packets": Wound(
        "core1",
        "sysctl -qw net.ipv4.ip_forward=1",
        "SYS-11",
        "net.ipv4.ip_forward is 1, not 0",
        "0\n",
        "cat /proc/sys/net/ipv4/ip_forward",
    ),
    "the firewall lets somebody in": Wound(
        "media1",
        "nft insert rule inet conclave input tcp dport 4242 accept",
        "CFG-02",
        "rules input",
        "",
        "! nft list chain inet conclave input | grep 4242",
    ),
}


@dataclass(frozen=True)
class Healing:
    """What verify said of the damaged site, what the deployment did, and what verify said afterwards."""

    before: Run
    deployed: dict[str, Any]
    after: Run
    without_stranger: Run


def run() -> Run:
    return verify(SITE, Wanted(CONTROLS))


@pytest.fixture(scope="module")
def strange(place: Place) -> Iterator[None]:
    """Put a file of nobody in a folder that nginx reads as a whole; a deployment leaves it, so it goes here."""
    place.on("edge1", f"echo '# somebody else' >{STRANGER}")
    yield
    place.on("edge1", f"rm -f {STRANGER}")


@pytest.fixture(scope="module")
def healing(place: Place, strange: None) -> Healing:  # noqa: ARG001 (comes first)
    for wound in WOUNDS.values():
        place.on(wound.host, wound.change)
    before, deployed, after = run(), place.deploy(), run()
    kept = place.on("edge1", f"mv {STRANGER} /run/stranger; cat /run/stranger; rm /run/stranger")
    assert kept == "# somebody else\n"
    return Healing(before, deployed, after, run())


def reasons(found: Run, control: str, host: str) -> list[str]:
    return [one.reason for one in found.results if (one.control, one.host, one.outcome) == (control, host, "fail")]


@pytest.mark.parametrize("name", WOUNDS)
def test_verify_names_the_damage_before_and_not_after_one_deployment(healing: Healing, name: str) -> None:
    wound = WOUNDS[name]
    (reason,) = reasons(healing.before, wound.control, wound.host)
    assert wound.named in reason
    assert reasons(healing.after, wound.control, wound.host) == []


@pytest.mark.parametrize("name", WOUNDS)
@pytest.mark.usefixtures("healing")
def test_the_host_itself_is_as_it_was(place: Place, name: str) -> None:
    wound = WOUNDS[name]
    assert place.on(wound.host, wound.look) == wound.healed


@pytest.mark.usefixtures("healing")
def test_people_get_the_page_again(place: Place) -> None:
    page = f"https://meet.{place.lab.definition.site.domain}/"
    assert "<html" in place.on("users", f"python3 -c '{PAGE}' {page}")


def test_a_deployment_leaves_a_file_of_nobody_where_it_is_and_verify_goes_on_naming_it(healing: Healing) -> None:
    for found in (healing.before, healing.after):
        assert any(STRANGER in reason for reason in reasons(found, "CFG-01", "edge1"))
    assert reasons(healing.without_stranger, "CFG-01", "edge1") == []


def test_of_these_controls_nothing_is_left_red_on_any_host(healing: Healing) -> None:
    assert [one for one in healing.without_stranger.results if one.outcome not in {"pass", "not_applicable"}] == []
    assert healing.without_stranger.ok


def test_only_what_was_damaged_was_changed(healing: Healing) -> None:
    changed = {host for host, counts in healing.deployed["hosts"].items() if counts["changed"]}
    assert changed == {wound.host for wound in WOUNDS.values()}
