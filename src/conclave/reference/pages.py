"""Write the generated documents, or say which are stale."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode
from conclave.network import matrix
from conclave.reference import hosts, pictures, tables
from conclave.site import read

if TYPE_CHECKING:
    from conclave.catalog import Catalog


def texts(catalog: Catalog) -> dict[str, str]:
    """Return the generated text files, by path below ``docs/``."""
    lab = read.load("lab")
    return {
        "reference/flows.en.md": tables.flow_table(catalog, "en"),
        "reference/flows.de.md": tables.flow_table(catalog, "de"),
        "reference/ports.en.md": matrix.as_markdown(catalog, lab, "en"),
        "reference/ports.de.md": matrix.as_markdown(catalog, lab, "de"),
        "reference/exit-codes.md": tables.exit_codes(),
        "operate/hosts.md": hosts.page("en"),
        "operate/hosts.de.md": hosts.page("de"),
        "pictures/parts.dot": pictures.parts(catalog),
        "pictures/flows.dot": pictures.flows(catalog),
    }


def stale(catalog: Catalog, docs: Path) -> list[str]:
    """Return the paths below ``docs/`` that are missing or were made from another catalogue."""
    found = []
    for name, text in texts(catalog).items():
        file = docs / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            found.append(name)
        picture = file.with_suffix(".svg")
        if file.suffix == ".dot" and not (
            picture.is_file() and _source_mark(text) in picture.read_text(encoding="utf-8")
        ):
            found.append(str(Path(name).with_suffix(".svg")))
    return found


def build(catalog: Catalog, docs: Path) -> list[str]:
    """Write what is stale and return its paths below ``docs/``.

    Raises
    ------
    ConclaveError
        When pictures have to be drawn and Graphviz is not installed.
    """
    written = stale(catalog, docs)
    for name, text in texts(catalog).items():
        file = docs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if file.suffix == ".dot" and str(Path(name).with_suffix(".svg")) in written:
            file.with_suffix(".svg").write_text(_draw(text), encoding="utf-8")
    return written


def _draw(source: str) -> str:
    dot = shutil.which("dot")
    if dot is None:
        raise ConclaveError(
            "the program dot is not installed", todo="apt-get install graphviz", exit_code=ExitCode.MACHINE
        )
    drawn = subprocess.run([dot, "-Tsvg"], input=source, capture_output=True, text=True, check=True).stdout
    return drawn.replace("<svg ", f"<!-- {_source_mark(source)} -->\n<svg ", 1)


def _source_mark(source: str) -> str:
    return f"drawn from sha256:{hashlib.sha256(source.encode()).hexdigest()}"
