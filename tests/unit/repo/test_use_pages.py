"""The pages for people: what they say a button is called is what it is called, and their pictures are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
# As the client writes it.
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
PAGES = sorted((ROOT / "docs/use").glob("*.md"))


def any_number(text: str) -> str:
    """Return a text with every number, and every place for one in the client's texts, as 0."""
    return re.sub(r"\$\{\w+\}|\d+", "0", text)


def words(language: str) -> str:
    """Return all texts of the client in a language, and the names of the levels, as one."""
    folder = ROOT / "web/src/i18n"
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.ts") if f"{language}.ts" in path.name]
    texts.append((ROOT / "src/conclave/levels/levels.yml").read_text(encoding="utf-8"))
    return any_number("\n".join(texts)).casefold()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_controls_are_called_what_the_client_calls_them(page: Path) -> None:
    said = words("de" if page.name.endswith(".de.md") else "en")
    named = {
        " ".join(name.split()) for name in re.findall(r"(?<![*\w])\*([^*]+)\*(?!\*)", page.read_text(encoding="utf-8"))
    }
    assert named
    assert not {name for name in named if any_number(name.replace("'", APOSTROPHE)).casefold() not in said}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_exists_in_both_languages(page: Path) -> None:
    other = page.name.replace(".de.md", ".md") if page.name.endswith(".de.md") else page.name.replace(".md", ".de.md")
    assert (page.parent / other).is_file()
