"""Pages of the documentation on paper: Markdown in, the common style out, with everything a page shows inside it."""

from __future__ import annotations

import base64
import mimetypes
import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from conclave import documents
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from markdown_it.token import Token

    from conclave.language import Language

# What a page calls the site; with a site's name in its place the commands can be typed as they stand.
PLACEHOLDER = re.compile(r"\bSITE\b|\bmysite\b")
UNNAMED = "________"


def names(folder: Path) -> list[str]:
    """Return the names of the pages that can be printed."""
    return sorted({file.name.partition(".")[0] for file in folder.glob("*.md")})


def as_html(folder: Path, page: str, language: Language, site: str = "", made: datetime | None = None) -> str:
    """Return a page as one HTML document.

    Parameters
    ----------
    folder:
        Where the pages lie.
    page:
        Its name without ``.md``. Where there is a ``PAGE.de.md``, German gets that one.
    language:
        Of the page's frame, and of its text where there is a translation.
    site:
        Stands in the head and instead of ``SITE`` in the text; without it the head leaves room for a name.
    made:
        When it was made; now, unless given.

    Raises
    ------
    ConclaveError
        When there is no such page, it has no heading, or shows a picture that is not there.
    """
    file = next((f for f in (folder / f"{page}.{language}.md", folder / f"{page}.md") if f.is_file()), None)
    if file is None:
        raise ConclaveError(
            f"no page named {page!r}",
            expected=f"one of: {', '.join([*names(folder), 'ports'])}",
            exit_code=ExitCode.INPUT,
        )
    text = file.read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n")
    if not heading.startswith("# "):
        raise ConclaveError(f"{file} begins with {heading!r}", expected="its heading: # ...")
    text = PLACEHOLDER.sub(site, rest) if site else rest
    markdown = MarkdownIt("commonmark", {"typographer": True}).enable("table")
    tokens = markdown.parse(text)
    _self_contain(tokens, file)
    body = markdown.renderer.render(tokens, markdown.options, {})
    imprint = documents.imprint(site or UNNAMED, made)
    return documents.html("page", language, {**imprint, "heading": heading.removeprefix("# "), "body": body})


def _self_contain(tokens: Sequence[Token], file: Path) -> None:
    """Put pictures into the page, and make text of links to files that paper does not carry."""
    for token in (inner for outer in tokens for inner in outer.children or ()):
        if token.type == "image":
            token.attrs["src"] = _inlined(file.parent / str(token.attrs["src"]), file)
        elif token.type == "link_open" and not str(token.attrs["href"]).startswith(("https:", "mailto:")):
            token.attrs.clear()


def _inlined(picture: Path, file: Path) -> str:
    kind = mimetypes.guess_type(picture.name)[0]
    if not picture.is_file() or kind is None:
        raise ConclaveError(f"{file} shows {picture.name}", expected=f"a picture at {picture}")
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"
