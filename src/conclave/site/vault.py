"""Reads and writes ansible-vault files with Ansible's own library; nothing secret is ever on a command line."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from conclave import paths
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.parsing.vault import VaultSecret

CANNOT_READ = 3
SALT_BYTES = 32


def password_file(site: str) -> Path:
    """Return where the vault password of a site lies on this control node."""
    return paths.config_dir() / "sites" / site / "vault-password"


def environment(site: str) -> dict[str, str]:
    """Return what Ansible needs in its environment to open the vault of a site."""
    return {"ANSIBLE_VAULT_PASSWORD_FILE": str(password_file(site))}


def tool(name: str) -> str:
    """Return the path of one of Ansible's programs: beside our Python, whose packages are locked, else from PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else name


def read(site: str, file: Path) -> dict[str, str]:
    """Return the variables of a vault file.

    Raises
    ------
    ConclaveError
        Exit code 3 when the password is missing or wrong.
    """
    if not password_file(site).is_file():
        raise ConclaveError(
            f"{file} is there, its password file {password_file(site)} is not",
            expected="the password of the control node that made this site",
            todo=f"copy it from there with mode 0600, or delete {file} to begin with new secrets",
            exit_code=CANNOT_READ,
        )
    data = YAML(typ="safe").load(_decrypted(site, file))
    return {str(key): str(value) for key, value in (data or {}).items()}


def write(site: str, file: Path, variables: Mapping[str, str]) -> None:
    """Write the variables encrypted, in one step: a reader sees the old file or the new one."""
    make_password(site)
    text = "---\n" + "".join(f"{key}: {_block(value)}\n" for key, value in sorted(variables.items()))
    from ansible.parsing.vault import VaultLib  # noqa: PLC0415 - half a second, which only secrets need

    # A salt of our own: Ansible's settings may name one that is always the same.
    encrypted = VaultLib().encrypt(text, secret=_secret(site), salt=secrets.token_bytes(SALT_BYTES))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, encrypted.decode("ascii"))


def make_password(site: str) -> None:
    """Make the vault password of a site unless there is one."""
    file = password_file(site)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, secrets.token_urlsafe(32) + "\n")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads, in one step."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
    ) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


def _block(value: str) -> str:
    """Return a value as a YAML scalar; PEM keeps its lines."""
    if "\n" in value:
        return "|\n" + "\n".join(f"  {line}" for line in value.strip().splitlines())
    return "'" + value.replace("'", "''") + "'"


def _decrypted(site: str, file: Path) -> str:
    from ansible.errors import AnsibleError  # noqa: PLC0415 - as above
    from ansible.parsing.vault import VaultLib  # noqa: PLC0415

    try:
        plain: bytes = VaultLib([("default", _secret(site))]).decrypt(file.read_bytes())
    except AnsibleError as error:
        raise ConclaveError(
            f"{file} of the site {site} cannot be decrypted: {error}",
            expected=f"a vault that the password in {password_file(site)} opens",
            todo="put the right password there; without it the secrets are lost and the site must be deployed anew",
            exit_code=CANNOT_READ,
        ) from error
    return plain.decode("utf-8")


def _secret(site: str) -> VaultSecret:
    from ansible.parsing.vault import VaultSecret  # noqa: PLC0415 - as above

    # Ansible itself leaves white space around the password out.
    return VaultSecret(password_file(site).read_bytes().strip())
