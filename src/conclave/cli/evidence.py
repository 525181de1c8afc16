"""`conclave evidence`: verify and sign the evidence of isolation, make the key it is signed with."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, SiteName, exit_codes
from conclave.errors import ConclaveError, ExitCode
from conclave.language import Language

if TYPE_CHECKING:
    from rich.console import Console

    from conclave.evidence import keys
    from conclave.evidence.certificate import Evidence, Signer

File = Annotated[Path, typer.Argument(help="Evidence file.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    line = typer.Typer(no_args_is_help=True, help="Verify, sign and publish the evidence of isolation.")
    line.command(
        epilog=exit_codes(
            ExitCode.INPUT, ExitCode.NOT_PROVEN, *(code for code in ExitCode if code.name.startswith("EVIDENCE_"))
        )
    )(verify)
    line.command()(sign)
    line.command("documents")(write_documents)
    key_line = typer.Typer(no_args_is_help=True, help="The key that signs a site's evidence.")
    key_line.command("new")(new_key)
    key_line.command("show")(show_key)
    line.add_typer(key_line, name="keys")
    app.add_typer(line, name="evidence")


def verify(
    file: File,
    *,
    signers: Annotated[
        Path | None,
        typer.Option(help="Keys handed over on paper (allowed_signers); default: the site's own list."),
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the output.")] = "en",
    json: AsJson = False,
) -> None:
    """Verify an evidence file offline: chain, signatures, and that the verdict follows from the evidence."""
    from rich.console import Console

    from conclave.evidence import certificate
    from conclave.evidence.sentences import label

    evidence = certificate.load(file)
    trusted = signers or _own_signers(evidence)
    found = certificate.verify(evidence, trusted)
    strangers = certificate.strangers(evidence, trusted)
    follows = certificate.follows(evidence, file.parent)
    if json:
        rows = [{"name": one.name, "fingerprint": one.fingerprint} for one in found]
        more = {"strangers": strangers, "previous": evidence.lines[0].get("previous"), "previous_found": follows}
        typer.echo(jsonlib.dumps({"signers": rows, **more, **evidence.certificate}, indent=2))
    else:
        console = Console(soft_wrap=True, highlight=False)
        show(evidence, found, language, console)
        for code, words in _around(evidence, strangers, follows):
            console.print(label(code, language, **words), style="yellow" if code == "stranger" else "", markup=False)
    if not evidence.verdict["isolated"]:
        raise typer.Exit(ExitCode.NOT_PROVEN)


def sign(
    file: File,
    *,
    key: Annotated[Path, typer.Option(help="Private ssh key; for a key on a token, touch the token when it blinks.")],
    json: AsJson = False,
) -> None:
    """Add a second signature to an evidence file, such as the security officer's."""
    from conclave.evidence import certificate

    one = certificate.add_signature(file, key)
    if json:
        typer.echo(jsonlib.dumps({"file": str(file), "fingerprint": one.fingerprint}))
    else:
        typer.echo(f"{file}: signed with {one.fingerprint}")


def write_documents(
    file: File,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
    json: AsJson = False,
) -> None:
    """Write the certificate as HTML and PDF, in German and English."""
    from conclave.evidence import (
        certificate,
        publish,
    )

    made = publish.write(certificate.load(file), out, file.stem)
    typer.echo(jsonlib.dumps([str(one) for one in made]) if json else "\n".join(str(one) for one in made))


def new_key(site: SiteName, *, json: AsJson = False) -> None:
    """Make the key that signs a site's evidence, and print the line to hand over on paper."""
    from conclave.evidence import keys
    from conclave.site import read

    _show_key(keys.new(read.load(site)), json=json)


def show_key(site: SiteName, *, json: AsJson = False) -> None:
    """Print fingerprint and line of the key that signs a site's evidence."""
    from conclave.evidence import keys
    from conclave.site import read

    _show_key(keys.load(read.load(site)), json=json)


def show(evidence: Evidence, signers: list[Signer], language: Language, console: Console) -> None:
    """Print a certificate for people."""
    from conclave.evidence.sentences import label, sentence

    line, verdict = evidence.certificate, evidence.verdict
    good = verdict["isolated"]

    def row(code: str, style: str = "", **words: object) -> None:
        console.print(label(code, language, **words), style=style, markup=False)

    if not good:
        row("not-isolated", "bold red")
    else:
        # Without a recording of the line to the outside, it is the hosts that are known to be isolated.
        row("isolated" if verdict["left"] is not None else "isolated-hosts", "bold green")
    row("time", **{key: line[key] for key in ("site", "domain", "began", "ended")})
    row("order", actor=line["actor"], reason=line["reason"] or "-")
    for code in ("left", "tried"):
        row(code, count=label("unseen", language) if verdict[code] is None else verdict[code])
    if verdict.get("clock") is not None:
        row("clock", seconds=verdict["clock"])
    for code, style, key in (
        ("finding", "red", "findings"),
        ("remark", "", "remarks"),
        ("gap", "dim", "not_looked_at"),
    ):
        for one in verdict[key]:
            row(code, style, text=sentence(one, language))
    for signer in signers:
        row("signed", "green", name=signer.name, fingerprint=signer.fingerprint)


def _around(evidence: Evidence, strangers: list[str], follows: bool | None) -> list[tuple[str, dict[str, object]]]:
    """Return what stands around a certificate: the one before it, and signatures that do not count."""
    begin = evidence.lines[0]
    rows: list[tuple[str, dict[str, object]]] = []
    if "number" in begin:
        before = begin["previous"] or {}
        code = "first" if follows is None else "follows" if follows else "follows-unseen"
        rows.append((code, {"number": begin["number"], **before}))
    rows += [("stranger", {"reason": reason}) for reason in strangers]
    return rows


def _own_signers(evidence: Evidence) -> Path | None:
    """Return the list of keys in the project's inventory, where this is a control node of the site."""
    from conclave.evidence import keys

    try:
        return keys.signers_file(str(evidence.certificate["site"]))
    except ConclaveError:
        return None


def _show_key(key: keys.Key, *, json: bool) -> None:
    if json:
        typer.echo(jsonlib.dumps({"file": str(key.private), "fingerprint": key.fingerprint, "line": key.line}))
        return
    typer.echo(f"key:         {key.private}")
    typer.echo(f"fingerprint: {key.fingerprint}")
    typer.echo(
        "Hand over this line on paper; with it in FILE, `conclave evidence verify --signers FILE` trusts no other key:"
    )
    typer.echo(key.line)
