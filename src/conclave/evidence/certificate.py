"""The evidence file: chained lines, the certificate as their last one, signatures behind it. Everything in one file."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conclave.errors import ConclaveError, ExitCode
from conclave.evidence import chain, signature
from conclave.evidence.judge import judge

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.evidence.chain import Line

FORMAT = "conclave-isolation-evidence/2"
# What earlier releases have written, and this one still verifies.
KEPT_FORMATS = ("conclave-isolation-evidence/1",)


@dataclass(frozen=True)
class Signer:
    """Who vouches for a certificate."""

    name: str
    fingerprint: str


@dataclass(frozen=True)
class Previous:
    """The certificate before this one: whoever leaves it out breaks the row.

    Parameters
    ----------
    number:
        Its place in the row, counted from 1; 0 for one that an earlier release has made.
    digest:
        SHA-256 of its certificate line; empty when the file cannot be read as evidence.
    """

    file: str
    number: int
    digest: str


@dataclass(frozen=True)
class Evidence:
    """An evidence file whose chain is whole.

    Parameters
    ----------
    lines:
        The chained lines; the last one is the certificate.
    signatures:
        Armoured signatures over the certificate line.
    raw:
        The certificate line as it is signed.
    """

    lines: list[Line]
    raw: bytes = field(repr=False)
    signatures: list[str] = field(repr=False)

    @property
    def certificate(self) -> Line:
        """The signed line."""
        return self.lines[-1]

    @property
    def verdict(self) -> dict[str, Any]:
        """What the certificate says."""
        found: dict[str, Any] = self.certificate["verdict"]
        return found


def conclude(book: chain.Chain) -> Line:
    """Judge what the chain holds and add the certificate."""
    begin = book.lines[0]
    last = book.lines[-1]
    return book.add(
        chain.CERTIFICATE,
        format=begin["format"],
        site=begin["site"],
        domain=begin["domain"],
        actor=begin["actor"],
        reason=begin["reason"],
        began=begin["at"],
        ended=last["at"],
        lines=len(book.lines),
        head=book.head,
        verdict=judge(book.lines),
    )


def load(file: Path) -> Evidence:
    """Read a file and check its chain.

    Raises
    ------
    DamagedError
        Saying what is wrong, with an exit code of its own for each kind of damage.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConclaveError(
            f"{file}: {error.strerror}", expected="an evidence file", exit_code=ExitCode.INPUT
        ) from error
    rows, marks = chain.split(data)
    lines = chain.check(rows)
    last = lines[-1]
    formats = {lines[0].get("format"), last.get("format")}
    if lines[0].get("kind") != "begin" or len(formats) > 1 or not formats <= {FORMAT, *KEPT_FORMATS}:
        raise chain.DamagedError(
            f"the format is {last.get('format')!r}", expected=FORMAT, exit_code=ExitCode.EVIDENCE_UNREADABLE
        )
    if last.get("head") != last["prev"] or last.get("lines") != len(lines) - 1:
        raise chain.DamagedError(
            f"line {len(lines)}, the certificate, refers to other lines",
            expected=last["prev"],
            exit_code=ExitCode.EVIDENCE_EDITED,
        )
    return Evidence(lines, rows[-1], [str(json.loads(mark).get("armor", "")) for mark in marks])


def newest(folder: Path, site: str) -> Previous | None:
    """Return a site's latest certificate in a folder, green or red; a damaged one is named without a digest."""
    files = sorted(folder.glob(f"isolation-{site}-*.jsonl"))
    if not files:
        return None
    try:
        evidence = load(files[-1])
    except ConclaveError:
        return Previous(files[-1].name, 0, "")
    return Previous(files[-1].name, int(evidence.lines[0].get("number", 0)), chain.digest(evidence.raw))


def follows(evidence: Evidence, folder: Path) -> bool | None:
    """Say whether the certificate before this one is in a folder, as this one knew it.

    Returns
    -------
    bool or None
        None when nothing came before it, or it is too old to say.

    Raises
    ------
    DamagedError
        When another certificate has taken its name.
    """
    named = evidence.lines[0].get("previous")
    if not named:
        return None
    file = folder / named["file"]
    if not file.is_file():
        return False
    if named["digest"] and chain.digest(load(file).raw) != named["digest"]:
        raise chain.DamagedError(
            f"{file} is not the certificate that this one follows",
            expected=f"a certificate line with the SHA-256 {named['digest']}",
            todo="request the row of certificates as it was made",
            exit_code=ExitCode.EVIDENCE_EDITED,
        )
    return True


def verify(evidence: Evidence, signers: Path | None) -> list[Signer]:
    """Check the signatures and that the verdict follows from the lines; return who of the trusted keys signed.

    Each signature vouches for the certificate by itself. One that no trusted key made vouches for nothing, and takes
    nothing away from the others: anybody can append a line (`strangers` names them).

    Parameters
    ----------
    signers:
        An allowed_signers file (ssh-keygen(1)) with the keys that were handed over on paper.

    Raises
    ------
    DamagedError
        When no trusted key has signed, or when the verdict is not the lines' own.
    """
    if not evidence.signatures:
        raise chain.DamagedError(
            "the certificate has no signature",
            expected="at least one signature",
            todo="conclave evidence sign FILE --key KEY",
            exit_code=ExitCode.EVIDENCE_UNSIGNED,
        )
    found, refused = _signers(evidence, signers)
    if not found:
        raise refused[0]
    again = json.loads(chain.canonical({"verdict": judge(evidence.lines[:-1])}))["verdict"]
    if again != evidence.verdict:
        parts = sorted(key for key in {*again, *evidence.verdict} if again.get(key) != evidence.verdict.get(key))
        raise chain.DamagedError(
            f"the certificate's verdict does not follow from its lines; they differ in: {', '.join(parts)}",
            expected="the verdict that this version of Conclave reaches from the same lines",
            todo="verify with the version that made it, which line 1 names",
            exit_code=ExitCode.EVIDENCE_OTHER_VERDICT,
        )
    return found


def fingerprints(evidence: Evidence) -> list[str]:
    """Return the fingerprints of the keys that did sign the certificate, known or not."""
    found = []
    for armor in evidence.signatures:
        with contextlib.suppress(chain.DamagedError):
            found.append(signature.fingerprint(evidence.raw, armor))
    return found


def strangers(evidence: Evidence, signers: Path | None) -> list[str]:
    """Return why signatures do not count, one sentence each."""
    return [error.found for error in _signers(evidence, signers)[1]]


def _signers(evidence: Evidence, signers: Path | None) -> tuple[list[Signer], list[chain.DamagedError]]:
    found, refused = [], []
    for armor in evidence.signatures:
        try:
            found.append(_signer(evidence.raw, armor, signers))
        except chain.DamagedError as error:
            refused.append(error)
    return found, refused


def _signer(raw: bytes, armor: str, signers: Path | None) -> Signer:
    fingerprint = signature.fingerprint(raw, armor)
    if signers is None or not signers.is_file():
        raise chain.DamagedError(
            f"signed with the key {fingerprint}, and there is no list of trusted keys",
            expected="the allowed_signers file that was handed over on paper",
            todo="name it with --signers",
            exit_code=ExitCode.EVIDENCE_UNKNOWN_SIGNER,
        )
    return Signer(signature.signer(raw, armor, signers), fingerprint)


def add_signature(file: Path, key: Path) -> Signer:
    """Sign a file's certificate with one more key and write the signature behind it.

    Raises
    ------
    ConclaveError
        When the file is damaged, or this key has signed it already.
    """
    evidence = load(file)
    armor = signature.sign(evidence.raw, key)
    fingerprint = signature.fingerprint(evidence.raw, armor)
    if fingerprint in fingerprints(evidence):
        raise ConclaveError(f"the key {fingerprint} has signed {file} already", expected="another signer's key")
    mark = chain.canonical({"kind": chain.SIGNATURE, "namespace": signature.NAMESPACE, "armor": armor})
    with file.open("ab") as rows:
        rows.write(mark + b"\n")
    return Signer("", fingerprint)
