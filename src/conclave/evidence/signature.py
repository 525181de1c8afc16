"""Signatures that every auditor's machine can check: SSHSIG, made and verified by ssh-keygen."""

from __future__ import annotations

import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.evidence.chain import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A signature for something else, such as a login, is none for evidence.
NAMESPACE = "conclave-evidence"
SECONDS = 120


def sign(data: bytes, key: Path) -> str:
    """Return the signature of a key file over some bytes; a key on a token asks for its touch on the terminal.

    Raises
    ------
    ConclaveError
        When the key is missing or does not sign.
    """
    if not key.is_file():
        raise ConclaveError(f"{key}: no such file", expected="a private key of ssh", todo="name one with --key")
    done = _keygen("-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), stdin=data)
    if done.returncode:
        raise ConclaveError(f"{key} cannot sign: {_last(done)}", expected="a private key that ssh-keygen can use")
    return done.stdout.decode("ascii")


def signer(data: bytes, armor: str, allowed: Path) -> str:
    """Return the name under which `allowed` knows who signed these bytes.

    Raises
    ------
    DamagedError
        When the bytes are not the signed ones, or `allowed` does not know the key.
    """
    with _kept(armor) as file:
        found = fingerprint(data, armor)
        named = _keygen("-Y", "find-principals", "-s", str(file), "-f", str(allowed), stdin=b"")
        names = named.stdout.decode(errors="replace").split("\n")
        if named.returncode or not names[0]:
            raise DamagedError(
                f"signed with the key {found}, which {allowed} does not name",
                expected="a key that was handed over on paper",
                todo="compare the fingerprint, then name your own list with --signers",
                exit_code=ExitCode.EVIDENCE_UNKNOWN_SIGNER,
            )
        name = names[0].strip()
        done = _keygen("-Y", "verify", "-n", NAMESPACE, "-I", name, "-s", str(file), "-f", str(allowed), stdin=data)
        if done.returncode:
            raise _forged(_last(done))
        return name


def fingerprint(data: bytes, armor: str) -> str:
    """Return the fingerprint of the key that signed these bytes, known or not.

    Raises
    ------
    DamagedError
        When it did not sign these bytes.
    """
    with _kept(armor) as file:
        done = _keygen("-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(file), stdin=data)
    found = re.search(r"SHA256:[A-Za-z0-9+/]+", (done.stdout + done.stderr).decode(errors="replace"))
    if done.returncode or not found:
        raise _forged(_last(done))
    return found[0]


def fingerprint_of_key(public: Path) -> str:
    """Return the fingerprint of a public key file."""
    done = _keygen("-l", "-f", str(public), stdin=b"")
    if done.returncode:
        raise ConclaveError(f"{public}: {_last(done)}", expected="a public key of ssh")
    return done.stdout.decode().split()[1]


def new_key(file: Path, comment: str) -> None:
    """Make an Ed25519 key pair; the private half is readable by its owner only."""
    done = _keygen("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file), stdin=b"")
    if done.returncode:
        raise ConclaveError(f"ssh-keygen made no key at {file}: {_last(done)}")


def allowed_line(name: str, public: str) -> str:
    """Return the line of an allowed_signers file for a public key (ssh-keygen(1), ALLOWED SIGNERS)."""
    kind, key, *comment = public.split()
    return " ".join([name, f'namespaces="{NAMESPACE}"', kind, key, *comment])


def _forged(reason: str) -> DamagedError:
    return DamagedError(
        f"the certificate is not what was signed: {reason}",
        expected="a certificate that nobody changed after its signature",
        exit_code=ExitCode.EVIDENCE_FORGED,
    )


@contextmanager
def _kept(armor: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", prefix="conclave-", suffix=".sig", encoding="utf-8") as file:
        file.write(armor)
        file.flush()
        yield Path(file.name)


def _keygen(*arguments: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *arguments], input=stdin, capture_output=True, check=False, timeout=SECONDS)


def _last(done: subprocess.CompletedProcess[bytes]) -> str:
    rows = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return rows[-1] if rows else f"status {done.returncode}"
