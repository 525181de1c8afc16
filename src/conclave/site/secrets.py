"""The secrets of a site: each drawn by itself, kept in an ansible-vault file, never printed."""

from __future__ import annotations

import fcntl
import secrets
import string
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave import paths
from conclave.errors import ConclaveError, ExitCode
from conclave.site import ca, read, supplied, vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conclave.site.model import Answers

_ALPHANUMERIC = string.ascii_letters + string.digits


def _word(length: int = 43) -> str:
    """Return letters and digits: 43 hold 256 bits, and no service's configuration needs them quoted."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


# Drawn anew for every site; what a secret opens is in its name.
GENERATED: dict[str, Callable[[], str]] = {
    "secret_postgresql_keycloak": _word,
    "secret_postgresql_portal": _word,
    "secret_postgresql_portal_owner": _word,
    "secret_valkey_livekit": _word,
    "secret_valkey_portal": _word,
    "secret_livekit_api_key": lambda: "API" + _word(12),
    "secret_livekit_api_secret": lambda: secrets.token_hex(32),
    "secret_keycloak_admin": _word,
    "secret_keycloak_bootstrap": _word,
    "secret_portal_oidc": _word,
    "secret_portal_django": lambda: _word(64),
    "secret_probe_oidc": _word,
}
# A rehearsal has demo accounts; a site of people has none.
DEMO_PASSWORD = "secret_demo_password"  # noqa: S105 - a variable's name
CA_KEY = "secret_ca_key"
CA_CERTIFICATE = "secret_ca_certificate"


@dataclass(frozen=True)
class Made:
    """Names of the secrets that were generated now, and of those that were there."""

    new: list[str]
    kept: list[str]
    file: Path


def secrets_file(site: str) -> Path:
    """Return the vault file of a site."""
    return paths.inventory(site) / "group_vars" / "all" / "secrets.yml"


def load(site: str) -> dict[str, str]:
    """Return the secrets of a site, by variable name.

    Raises
    ------
    ConclaveError
        When there are none yet, or their password is missing.
    """
    file = secrets_file(site)
    if not file.is_file():
        raise ConclaveError(
            f"the site {site} has no secrets yet",
            expected=str(file),
            todo=f"conclave site secrets {site}",
            exit_code=ExitCode.SECRETS,
        )
    return vault.read(site, file)


def ensure(site: str, *, new_ca: bool = False) -> Made:
    """Generate what is missing and keep what is there.

    Parameters
    ----------
    site:
        Name of the site.
    new_ca:
        Make a new site CA in place of the current one.

    Raises
    ------
    ConclaveError
        When the site file is wrong, the vault cannot be opened, or the certificates do not fit the site.
    """
    described = read.load(site)
    file = secrets_file(site)
    with _alone(site):
        there = vault.read(site, file) if file.is_file() else {}
        kept = dict(there)
        if new_ca:
            kept.pop(CA_KEY, None)
            kept.pop(CA_CERTIFICATE, None)
        complete = {**_missing(site, kept), **kept}
        if described.answers.trust == "own":
            complete |= _authority(described.answers, complete)
        else:
            supplied.refuse_unfit(described)
        if complete != there:
            vault.write(site, file, complete)
    return Made(sorted(complete.keys() - kept.keys()), sorted(kept), file)


def _missing(site: str, there: dict[str, str]) -> dict[str, str]:
    wanted = dict(GENERATED)
    if (paths.inventory(site) / "lab.yml").is_file():
        wanted[DEMO_PASSWORD] = lambda: _word(20)
    return {name: make() for name, make in wanted.items() if name not in there}


def _authority(answers: Answers, there: dict[str, str]) -> dict[str, str]:
    if CA_KEY in there and CA_CERTIFICATE in there:
        use = ca.Authority(there[CA_KEY], there[CA_CERTIFICATE])
    else:
        use = ca.make(answers)
    ca.refuse_unfit(use, answers)
    return {CA_KEY: use.key, CA_CERTIFICATE: use.certificate}


@contextmanager
def _alone(site: str) -> Iterator[None]:
    """Let one process at a time generate, else two would each keep what the other throws away."""
    folder = vault.password_file(site).parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
