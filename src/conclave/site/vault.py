"""Reads and writes ansible-vault files through Ansible's own tool; nothing secret is ever on a command line.

The tool runs as a program of its own: its library is GPL-3.0-or-later, this file is not.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from conclave import paths
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping


def password_file(site: str) -> Path:
    """Return where the vault password of a site lies on this control node."""
    return paths.vault_password(site)


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
            f"{file} exists, but its password file {password_file(site)} does not",
            expected="the password of the control node that made this site",
            todo=f"copy it from there with mode 0600, or delete {file} to start with new secrets",
            exit_code=ExitCode.SECRETS,
        )
    data = YAML(typ="safe").load(_run(site, ["decrypt", "--output", "-", str(file)], ""))
    return {str(key): str(value) for key, value in (data or {}).items()}


def write(site: str, file: Path, variables: Mapping[str, str]) -> None:
    """Write the variables encrypted, in one step: a reader sees the old file or the new one."""
    make_password(site)
    text = "---\n" + "".join(f"{key}: {_block(value)}\n" for key, value in sorted(variables.items()))
    encrypted = _run(site, ["encrypt", "--output", "-", "-"], text)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, encrypted)


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


def _run(site: str, arguments: list[str], stdin: str) -> str:
    done = subprocess.run(
        [tool("ansible-vault"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        # Not the operator's own ansible.cfg: it may name other vault identities.
        env={**os.environ, **environment(site), "ANSIBLE_CONFIG": str(paths.project_root() / "ansible.cfg")},
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConclaveError(
            f"ansible-vault {arguments[0]} failed for the site {site}: {reason}",
            expected=f"a vault that the password in {password_file(site)} opens",
            todo="put the right password there; without it the secrets are lost and the site must be deployed anew",
            exit_code=ExitCode.SECRETS,
        )
    return done.stdout
