"""Whoever asks a site trusts the authority that signed its certificates, whoever that is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from tests.pki import Pki

from conclave.call.session import Plan
from conclave.call.site import hold_at_site
from conclave.errors import ConclaveError
from conclave.paths import project_root
from conclave.site import read, secrets, vault
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from .conftest import FirstSecrets, Inventory

# The site's own: what it makes, and what its hosts are given.
OWN = {"src/conclave/site/secrets.py", "src/conclave/site/trusted.py", "checks/check_crypto.py"}


def test_no_reader_takes_the_sites_own_authority_for_granted() -> None:
    parts = ("src", "checks", "tests/e2e", "tests/site")
    files = [file for part in parts for file in (project_root() / part).rglob("*.py")]
    named = {
        str(file.relative_to(project_root()))
        for file in files
        if re.search(r"secret_ca_certificate|CA_CERTIFICATE", file.read_text(encoding="utf-8"))
    }
    assert named == OWN


@pytest.mark.long
def test_a_call_at_a_site_with_supplied_certificates_fails_for_its_network_only(
    inventory: Inventory, first_secrets: FirstSecrets
) -> None:
    inventory.replace("site.yml", "trust: own", "trust: supplied")
    inventory.replace("site.yml", "conf.lab.example", "conf.nowhere.example")
    Pki(read.load_folder(inventory.folder))
    plain = {name: value for name, value in first_secrets.plain.items() if not name.startswith("secret_ca_")}
    file = secrets.secrets_file("lab")
    file.parent.mkdir(parents=True)
    vault.write("lab", file, plain)
    with pytest.raises(ConclaveError, match="does not answer"):
        asyncio.run(hold_at_site(read.load("lab"), Plan(site="lab", participants=2, seconds=1)))


@pytest.mark.long
def test_the_authority_of_its_own_is_one_of_its_secrets(inventory: Inventory, first_secrets: FirstSecrets) -> None:
    with ca_file(read.load_folder(inventory.folder), first_secrets.plain) as file:
        assert file.read_text(encoding="utf-8") == first_secrets.plain[secrets.CA_CERTIFICATE]
    assert not file.exists()
