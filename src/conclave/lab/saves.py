"""Saved labs: what hosts had written when they were powered off, for other labs to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import hosts, state

if TYPE_CHECKING:
    from conclave.lab.definition import Definition


def find(name: str, definition: Definition | None = None) -> Path:
    """Return the folder of a saved lab.

    Parameters
    ----------
    name:
        Name it was saved under.
    definition:
        What is to start from it.

    Raises
    ------
    ConclaveError
        When there is none, or it does not fit the definition.
    """
    folder = state.SAVED / name
    if not (folder / "base").is_file():
        known = ", ".join(sorted(entry.name for entry in state.SAVED.glob("*"))) or "none is"
        raise ConclaveError(
            f"no lab is saved as {name!r}",
            expected=f"a saved one: {known}",
            todo=f"conclave lab save {name}, with a lab that is up",
            exit_code=ExitCode.INPUT,
        )
    lacking = [host.name for host in definition.hosts if not (folder / host.name).is_dir()] if definition else []
    base = Path((folder / "base").read_text(encoding="utf-8").strip())
    if lacking or (definition and not base.is_dir()):
        raise ConclaveError(
            f"the saved lab {name!r} has no {', '.join(lacking) or f'image any more: {base}'}",
            expected="the hosts of this definition, and the image below them",
            todo=f"conclave lab forget {name}, then save it anew",
            exit_code=ExitCode.MACHINE,
        )
    return folder


def forget(name: str) -> None:
    """Delete a saved lab.

    Raises
    ------
    ConclaveError
        When there is none of that name, or a lab runs from it.
    """
    folder = find(name)
    claims = {entry.name: state.read(entry) for entry in state.RUN.glob("*")}
    users = [lab for lab, claim in claims.items() if claim and claim.living and claim.saved == str(folder)]
    if users:
        raise ConclaveError(
            f"lab {users[0]!r} runs from {name!r}",
            todo=f"conclave lab down --name {users[0]}",
            exit_code=ExitCode.NOT_READY,
        )
    hosts.remove_layer(folder)
    if not any(state.SAVED.iterdir()):
        state.SAVED.rmdir()
