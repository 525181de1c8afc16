"""The certificate for people: one page or two in German and English, made from the evidence file alone."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from conclave import documents
from conclave.evidence import certificate, chain
from conclave.evidence.facts import Facts
from conclave.evidence.sentences import sentence
from conclave.evidence.witness import capture
from conclave.language import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.evidence.certificate import Evidence
    from conclave.language import Language

TEMPLATE = "isolation"


def write(evidence: Evidence, folder: Path, stem: str) -> list[Path]:
    """Write HTML and PDF in both languages and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for language in LANGUAGES:
        page = documents.html(TEMPLATE, language, data(evidence, language))
        file = folder / f"{stem}.{language}.html"
        file.write_text(page, encoding="utf-8")
        printed = file.with_suffix(".pdf")
        printed.write_bytes(documents.pdf(page))
        made += [file, printed]
    return made


def data(evidence: Evidence, language: Language) -> dict[str, Any]:
    """Return what the template shows."""
    line, verdict = evidence.certificate, evidence.verdict
    facts = Facts(evidence.lines[:-1])
    call = facts.one("call") or {"result": None}
    return {
        **documents.imprint(line["site"], dt.datetime.fromisoformat(line["at"])),
        "release": facts.begin["conclave"],
        "certificate": line,
        "began": dt.datetime.fromisoformat(line["began"]),
        "ended": dt.datetime.fromisoformat(line["ended"]),
        "verdict": verdict,
        "findings": [sentence(one, language) for one in verdict["findings"]],
        "remarks": [sentence(one, language) for one in verdict["remarks"]],
        "gaps": [sentence(one, language) for one in verdict["not_looked_at"]],
        "hosts": [_host(facts, name) for name in facts.hosts],
        "captures": _captures(facts),
        "software": _software(facts),
        "call": call["result"],
        "pages": facts.all("page"),
        "digest": chain.digest(evidence.raw),
        "signers": certificate.fingerprints(evidence),
        "number": facts.begin.get("number"),
        "previous": facts.begin.get("previous"),
    }


def _host(facts: Facts, name: str) -> dict[str, Any]:
    red = {one["host"] for one in facts.all("missing")}
    looks = facts.both(name)
    row: dict[str, Any] = {"name": name, "roles": ", ".join(facts.hosts[name]["roles"]), "looked": looks is not None}
    if looks is None or name in red:
        return row | {"looked": False}
    closing = looks[1]
    versions = closing.line["versions"]
    staged = closing.line["staged_files"]
    # By what the control node rendered, where the evidence holds it.
    rendered = "".join(text or "" for text in facts.begin.get("rules", {}).get(name, staged).values())
    return row | {
        "mode": closing.mode or "?",
        "rules": hashlib.sha256(rendered.encode()).hexdigest()[:16],
        "clock": None if closing.clock is None else f"{closing.clock:+.3f} s",
        "release": versions["release"],
        "kernel": versions["kernel"],
        "packages": versions["packages"],
    }


def _software(facts: Facts) -> list[tuple[str, str, str]]:
    """Return package, version, and the hosts that have it."""
    where: dict[tuple[str, str], list[str]] = {}
    for name in facts.hosts:
        if looks := facts.both(name):
            for package in looks[1].line["versions"]["packages"].items():
                where.setdefault(package, []).append(name)
    return [(package, version, ", ".join(names)) for (package, version), names in sorted(where.items())]


def _captures(facts: Facts) -> list[dict[str, Any]]:
    rows = []
    for line in facts.all("capture"):
        for one in line["captures"]:
            seen = capture.read(one) if one["pcap"] else capture.Seen()
            needed = [beat for beat in one["beats"] if beat["needed"]]
            found = sum(beat["token"] in seen.tokens for beat in needed)
            rows.append(
                {
                    "host": line["host"],
                    "interface": one["interface"],
                    "beats": len(needed),
                    "seen": found,
                    "dropped": seen.dropped,
                    "left": seen.left.total(),
                }
            )
    return rows
