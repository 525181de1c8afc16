"""While a host does not answer, a run that is limited to others repairs them, and one of all hosts is refused."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ExitCode
from conclave.lab import network

from .conftest import CONCLAVE, SECONDS, SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Place

pytestmark = pytest.mark.lab

# The media host gets its packages from the depot, and answers to the edge.
SILENT = ("edge1", "depot1")
RULE = "tcp dport 4242 accept"
LISTED = "nft list chain inet conclave input"


@pytest.fixture(params=SILENT)
def silent(place: Place, request: pytest.FixtureRequest) -> Iterator[str]:
    """Pull a host's cable; afterwards it answers again."""
    host: str = request.param
    (port,) = network.ports(place.lab.definition, host).values()
    try:
        place.on("control", f"ip link set {port} down")
        yield host
    finally:
        place.on("control", f"ip link set {port} up")
        end = time.monotonic() + SECONDS
        while (done := preflight()).returncode:
            assert time.monotonic() < end, done.stderr


def preflight() -> subprocess.CompletedProcess[str]:
    argv = [CONCLAVE, "preflight", SITE]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.fixture
def damaged(place: Place) -> Iterator[None]:
    place.on("media1", f"nft insert rule inet conclave input {RULE}")
    assert RULE in place.on("media1", LISTED)
    yield
    place.on("media1", "systemctl reload conclave-firewall.service")


@pytest.mark.usefixtures("damaged")
def test_the_others_are_repaired_while_a_host_is_silent(place: Place, silent: str) -> None:
    refused = place.try_to_deploy()
    assert refused.returncode == ExitCode.NOT_READY, refused.stderr
    assert f"{silent}: reachable: " in refused.stderr
    assert "do: start the host, or let ssh through from the control node" in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert RULE in place.on("media1", LISTED)

    done = place.try_to_deploy("--limit", "media1")
    assert done.returncode == 0, done.stderr
    assert RULE not in place.on("media1", LISTED)
