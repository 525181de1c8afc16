"""Secrets are generated once, apart from each other, into an encrypted file that only its owner's password opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conclave.errors import ConclaveError, ExitCode
from conclave.site import ca, read, secrets, vault

if TYPE_CHECKING:
    from .conftest import FirstSecrets, Inventory

pytestmark = pytest.mark.long


@pytest.fixture
def made(inventory: Inventory, first_secrets: FirstSecrets) -> dict[str, str]:
    """Return the secrets of a site that was set up before; made once: ansible-vault is slow."""
    for file, content in (
        (inventory.folder / "group_vars" / "all" / "secrets.yml", first_secrets.vault),
        (vault.password_file("lab"), first_secrets.password),
    ):
        file.parent.mkdir(parents=True)
        vault.write_private(file, content)
    return first_secrets.plain


def test_every_secret_is_there_and_none_is_like_another(made: dict[str, str]) -> None:
    wanted = {*secrets.GENERATED, secrets.DEMO_PASSWORD, secrets.CA_KEY, secrets.CA_CERTIFICATE}
    assert set(made) == wanted
    assert len(set(made.values())) == len(made)


def test_the_file_is_encrypted_and_private(inventory: Inventory) -> None:
    inventory.replace("site.yml", "language: de", "language: en")
    secrets.ensure("lab")
    file = secrets.secrets_file("lab")
    assert file.read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert vault.password_file("lab").stat().st_mode & 0o777 == 0o600


def test_a_second_run_keeps_everything_and_a_new_secret_joins(
    made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = secrets.secrets_file("lab").read_bytes()
    assert secrets.ensure("lab").new == []
    assert secrets.secrets_file("lab").read_bytes() == before
    monkeypatch.setitem(secrets.GENERATED, "secret_of_a_later_release", lambda: "x")
    joined = secrets.ensure("lab")
    assert joined.new == ["secret_of_a_later_release"]
    assert joined.kept == sorted(made)


def test_two_sites_share_nothing(inventory: Inventory, made: dict[str, str]) -> None:
    secrets.secrets_file("lab").unlink()
    vault.password_file("lab").unlink()
    assert inventory.folder.is_dir()
    secrets.ensure("lab")
    assert not set(secrets.load("lab").values()) & set(made.values())


def test_a_site_of_people_has_no_demo_password(inventory: Inventory) -> None:
    (inventory.folder / "lab.yml").unlink()
    secrets.ensure("lab")
    assert secrets.DEMO_PASSWORD not in secrets.load("lab")


def test_without_its_password_the_vault_is_not_replaced(made: dict[str, str]) -> None:
    assert made
    before = secrets.secrets_file("lab").read_bytes()
    vault.password_file("lab").unlink()
    with pytest.raises(ConclaveError) as caught:
        secrets.ensure("lab")
    assert caught.value.exit_code == ExitCode.SECRETS
    assert secrets.secrets_file("lab").read_bytes() == before


def test_a_wrong_password_is_said(made: dict[str, str]) -> None:
    assert made
    vault.password_file("lab").write_text("another\n", encoding="utf-8")
    with pytest.raises(ConclaveError) as caught:
        secrets.load("lab")
    assert caught.value.exit_code == ExitCode.SECRETS


def test_the_authority_signs_for_this_site_only(made: dict[str, str]) -> None:
    certificate = x509.load_pem_x509_certificate(made[secrets.CA_CERTIFICATE].encode())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [name.value for name in constraints.value.permitted_subtrees or []] == ["conf.lab.example"]
    # No address of anybody, whatever networks the site has.
    excluded = {str(name.value) for name in constraints.value.excluded_subtrees or []}
    assert excluded == {"0.0.0.0/0", "::/0"}
    years = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days / 365
    assert 9.9 < years < 10.1


def test_a_network_more_needs_no_new_authority(inventory: Inventory, made: dict[str, str]) -> None:
    inventory.replace("site.yml", "users: [198.51.100.0/24,", "users: [198.51.100.0/24, 10.0.0.0/8,")
    secrets.ensure("lab")
    assert secrets.load("lab")[secrets.CA_CERTIFICATE] == made[secrets.CA_CERTIFICATE]


def test_an_authority_from_before_that_names_networks_serves_on_when_they_change() -> None:
    answers = read.load("lab").answers
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab site CA")])
    now = datetime.now(tz=UTC)
    permitted = [x509.DNSName(answers.domain), x509.IPAddress(ip_network("198.51.100.0/25"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    old = ca.Authority(pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())
    ca.refuse_unfit(old, answers)


def test_an_authority_of_another_domain_is_refused(inventory: Inventory, made: dict[str, str]) -> None:
    assert made
    inventory.replace("site.yml", "conf.lab.example", "conf.other.example")
    with pytest.raises(ConclaveError, match=r"may not sign for conf\.other\.example"):
        secrets.ensure("lab")
    secrets.ensure("lab", new_ca=True)
    assert secrets.load("lab")[secrets.CA_KEY] != made[secrets.CA_KEY]
