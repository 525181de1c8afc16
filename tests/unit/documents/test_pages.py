"""Pages of the documentation on paper."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conclave.cli import build
from conclave.documents import pages, pdf
from conclave.errors import ConclaveError
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

OPERATE = project_root() / "docs/operate"


def _sheets(content: bytes) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode().rstrip("\f").split("\f")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a page, its German translation, and a picture."""
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    (tmp_path / "dot.svg").write_bytes(picture)
    (tmp_path / "drill.md").write_text(
        "# Drill & test\n\n    conclave crisis status SITE\n\nSee [flows](../flows.md). ![A dot](dot.svg)\n"
    )
    (tmp_path / "drill.de.md").write_text("# Übung\n\nText für SITES.\n")
    return tmp_path


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("site", ["", "headquarters-berlin"])
def test_the_crisis_page_fits_on_one_sheet(site: str, language: pages.Language) -> None:
    assert len(_sheets(pdf(pages.as_html(OPERATE, "crisis", language, site)))) == 1


def test_a_sites_name_stands_where_the_page_says_site(folder: Path) -> None:
    assert "conclave crisis status lab" in pages.as_html(folder, "drill", "en", "lab")
    assert "conclave crisis status SITE" in pages.as_html(folder, "drill", "en")
    assert "SITES" in pages.as_html(folder, "drill", "de", "lab")


def test_a_translation_is_taken_where_there_is_one(folder: Path) -> None:
    assert "<h1>Übung</h1>" in pages.as_html(folder, "drill", "de")
    assert "<h1>Drill &amp; test</h1>" in pages.as_html(folder, "drill", "en")


def test_pictures_come_along_and_links_to_files_become_text(folder: Path) -> None:
    page = pages.as_html(folder, "drill", "en")
    assert 'src="data:image/svg+xml;base64,' in page
    assert "../flows.md" not in page
    assert "flows</a>" in page


def test_a_picture_that_is_missing_is_named(folder: Path) -> None:
    (folder / "dot.svg").unlink()
    with pytest.raises(ConclaveError, match=r"drill\.md shows dot\.svg"):
        pages.as_html(folder, "drill", "en")


def test_a_page_that_does_not_exist_is_named_beside_those_that_do(folder: Path) -> None:
    with pytest.raises(ConclaveError, match="no page named 'nonsense'") as caught:
        pages.as_html(folder, "nonsense", "en")
    assert "drill" in caught.value.expected


def test_the_command_prints_what_it_is_asked_for(tmp_path: Path) -> None:
    arguments = [
        "docs",
        "print",
        "lab",
        "--page",
        "crisis",
        "--page",
        "ports",
        "--language",
        "de",
        "--out",
        str(tmp_path),
    ]
    done = CliRunner().invoke(build(("docs",)), arguments)
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["crisis-lab.de.pdf", "ports-lab.de.pdf"]


def test_a_port_matrix_without_a_site_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(build(("docs",)), ["docs", "print", "ports", "--out", str(tmp_path)])
    assert isinstance(done.exception, ConclaveError)
    assert done.exception.exit_code == 2
