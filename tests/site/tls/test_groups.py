"""Key agreement at the edge of a deployed site: the groups of our configuration are those in force, for every name."""

from __future__ import annotations

import os
import subprocess

import pytest

from conclave.lab import Lab
from conclave.site import read

SITE = "lab"
HYBRID = "X25519MLKEM768"
# A client's OpenSSL of Debian 13: that of the edge itself, for the machine's own may be older and know no hybrid group.
ASK = (
    "openssl s_client -connect {address}:443 -servername {name} -groups {groups} "
    "-CAfile /etc/conclave/tls/ca.crt -verify_return_error -brief"
)


@pytest.fixture(scope="module")
def lab() -> Lab:
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site")
    return Lab(os.environ["CONCLAVE_LAB"])


@pytest.mark.parametrize("service", ["meet", "sso", "media"])
# As browsers offer them: the hybrid one first, with a share of its key.
@pytest.mark.parametrize(
    ("offered", "agreed"), [(f"{HYBRID}:X25519:P-256", HYBRID), ("X25519", "X25519"), ("P-521", None)]
)
def test_a_group_of_ours_is_agreed_on_and_no_other(lab: Lab, service: str, offered: str, agreed: str | None) -> None:
    site = read.load(SITE)
    edge = site.host("edge")
    asked = ASK.format(address=edge.address(4), name=f"{service}.{site.domain}", groups=offered)
    argv = lab.command(edge.name, asked.split())
    said = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    told = said.stdout + said.stderr
    if agreed is None:
        assert said.returncode != 0, told
        assert "handshake failure" in told
    else:
        assert said.returncode == 0, told
        assert f"group: {agreed}\n" in told or f"Temp Key: {agreed}" in told, told
