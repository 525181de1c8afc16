"""Certificates of the organisation's own PKI are looked at as the hosts will look at them, before anything changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from tests.pki import Pki

from conclave.errors import ConclaveError, ExitCode
from conclave.site import read, secrets, supplied
from conclave.site.trusted import ca_file
from tests import pki

if TYPE_CHECKING:
    from .conftest import Inventory

pytestmark = pytest.mark.long
HOSTS = "the certificate of a host"


@pytest.fixture
def organisation(inventory: Inventory) -> Pki:
    """Return the PKI of a site whose organisation has supplied a good pair for every host."""
    inventory.replace("site.yml", "trust: own", "trust: supplied")
    return Pki(read.load("lab"))


def test_a_site_without_an_authority_of_its_own_has_no_secrets_of_one(organisation: Pki) -> None:
    assert organisation.found() == []
    assert not {secrets.CA_KEY, secrets.CA_CERTIFICATE} & set(secrets.ensure("lab").new)


def test_everything_that_is_missing_or_does_not_fit_is_named_file_by_file(organisation: Pki) -> None:
    folder = organisation.folder
    (folder / "rt.key").unlink()
    short = pki.leaf(organisation.issuing, "depot1.conf.lab.example", ["depot1.conf.lab.example"])
    pki.place(folder, "depot1", short, organisation.issuing)
    names = ["edge1.conf.lab.example", "*.conf.lab.example"]
    soon = pki.leaf(organisation.issuing, names[0], names, days=3)
    pki.place(folder, "edge1", soon, organisation.issuing)
    (folder / "core1.key").write_bytes((folder / "media1.key").read_bytes())
    (folder / "media1.key").chmod(0o644)
    with pytest.raises(ConclaveError) as caught:
        secrets.ensure("lab")
    assert caught.value.exit_code == ExitCode.INPUT
    lines = caught.value.found.splitlines()
    ends = (datetime.now(tz=UTC) + timedelta(days=3)).strftime("%Y-%m-%d")
    assert lines[0].startswith("rt.key: missing; common name rt.conf.lab.example, alternative names rt.conf.")
    assert lines[1] == "depot1.crt: lacks depot.conf.lab.example"
    assert lines[2] == "core1.key: does not belong to core1.crt"
    assert lines[3].startswith("media1.key: can be read by others")
    assert lines[4:] == [f"edge1.crt: CN=edge1.conf.lab.example ends on {ends}"]
    assert not secrets.secrets_file("lab").exists()


@pytest.mark.parametrize(
    ("usages", "lacking"),
    [
        (pki.BOTH[:1], "client authentication (clientAuth)"),
        (pki.BOTH[1:], "server authentication (serverAuth)"),
    ],
)
def test_a_certificate_for_half_of_what_hosts_do_is_refused(
    organisation: Pki, usages: tuple[pki.x509.ObjectIdentifier, ...], lacking: str
) -> None:
    organisation.give("edge1", usages=usages)
    assert organisation.found() == [
        f"edge1.crt: is not for {lacking} by its extended key usage; hosts are servers and clients with it"
    ]


def test_a_certificate_without_extended_key_usage_is_good_for_all(organisation: Pki) -> None:
    organisation.give("edge1", usages=())
    assert organisation.found() == []


@pytest.mark.parametrize("name", ["", "meet.conf.lab.example"])
def test_a_certificate_with_another_common_name_is_refused(organisation: Pki, name: str) -> None:
    other = pki.leaf(organisation.issuing, name, organisation.names("edge1"))
    pki.place(organisation.folder, "edge1", other, organisation.issuing)
    assert organisation.found() == [
        f"edge1.crt: has the common name {name or '(none)'}, not edge1.conf.lab.example, by which hosts know each other"
    ]


def test_a_chain_that_does_not_reach_the_authority_is_refused(organisation: Pki) -> None:
    own = pki.leaf(organisation.issuing, "edge1.conf.lab.example", organisation.names("edge1"))
    pki.place(organisation.folder, "edge1", own)
    organisation.give("media1", by=pki.authority("Another root"))
    refused = "not accepted with ca.crt as its authority"
    assert organisation.found() == [
        f"media1.crt: {refused}: self-signed certificate in certificate chain",
        f"edge1.crt: {refused}: unable to get local issuer certificate",
    ]


def test_an_issuing_authority_alone_is_no_root(organisation: Pki) -> None:
    (organisation.folder / "ca.crt").write_bytes(organisation.issuing.pem)
    assert len(organisation.found()) == len(organisation.site.hosts)
    assert all("unable to get" in problem for problem in organisation.found())


@pytest.mark.parametrize("content", ["", "hello", HOSTS])
def test_an_authority_that_is_none_is_refused_by_every_reader(organisation: Pki, content: str) -> None:
    file = organisation.folder / "ca.crt"
    file.write_text((organisation.folder / "rt.crt").read_text() if content == HOSTS else content)
    refused = r"^ca\.crt: (not a certificate in PEM|CN=rt.* is not an authority)"
    with pytest.raises(ConclaveError, match=refused), ca_file(organisation.site, {}):
        pass
    file.unlink()
    with pytest.raises(ConclaveError, match=r"^ca\.crt: missing"), ca_file(organisation.site, {}):
        pass


def test_a_key_with_a_passphrase_is_refused(organisation: Pki) -> None:
    pair = pki.leaf(organisation.issuing, "rt.conf.lab.example", organisation.names("rt"))
    pki.place(organisation.folder, "rt", pair, organisation.issuing)
    locked = pair.key.private_bytes(
        pki.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (organisation.folder / "rt.key").write_bytes(locked)
    assert organisation.found() == ["rt.key: not a private key in PEM without a passphrase"]


def test_clients_trust_the_organisations_authority(organisation: Pki) -> None:
    with ca_file(organisation.site, {}) as file:
        assert file.read_bytes() == organisation.root.pem
    assert supplied.authority(organisation.site) == file
