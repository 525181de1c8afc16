"""Documents: every text in both languages, nothing fetched, the same page on paper."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from jinja2 import UndefinedError

from conclave.documents import html, imprint, pdf, printing, rendering
from conclave.errors import ConclaveError
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

MADE = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
TEMPLATE = """{% extends "document.html.j2" %}
{% block title %}{{ _("Port matrix") }}{% endblock %}
{% block content %}<p>{{ text }}</p>{% endblock %}
"""


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with one document of its own in the common style."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("document.html.j2", "document.css.j2"):
        (folder / name).write_text((project_root() / "templates" / name).read_text())
    (folder / "ports.html.j2").write_text(TEMPLATE)
    monkeypatch.setattr(rendering, "project_root", lambda: tmp_path)
    return folder


def _page(text: str, language: rendering.Language = "en") -> str:
    return html("ports", language, {**imprint("lab", MADE), "text": text})


def _printed(page: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=page, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.usefixtures("templates")
def test_a_document_is_written_in_the_language_asked_for() -> None:
    assert "<h1>Port matrix</h1>" in _page("x")
    assert "2026-11-22, 14:02 (UTC)" in _page("x")
    assert "<h1>Portmatrix</h1>" in _page("x", "de")
    assert "22.11.2026, 14:02 Uhr (UTC)" in _page("x", "de")


@pytest.mark.usefixtures("templates")
def test_what_a_document_shows_is_escaped() -> None:
    assert "<p>&lt;script&gt;</p>" in _page("<script>")


@pytest.mark.usefixtures("templates")
def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="text"):
        html("ports", "en", imprint("lab", MADE))


@pytest.mark.usefixtures("templates")
def test_a_document_that_does_not_exist_is_named_beside_those_that_do() -> None:
    with pytest.raises(ConclaveError) as caught:
        html("nonsense", "en", imprint("lab", MADE))
    assert "ports" in caught.value.expected


@pytest.mark.usefixtures("templates")
def test_the_printed_page_carries_title_site_date_release_and_page_number() -> None:
    text = _printed(pdf(_page("Grüße", "de")))
    for wanted in ("Portmatrix", "Grüße", "lab · 22.11.2026, 14:02 Uhr (UTC) · Conclave", "Seite 1 von 1"):
        assert wanted in text


@pytest.mark.usefixtures("templates")
def test_the_same_page_gives_the_same_bytes() -> None:
    assert pdf(_page("x")) == pdf(_page("x"))


def test_a_page_that_wants_something_from_elsewhere_is_refused() -> None:
    with pytest.raises(ConclaveError, match=r"external resource: .*fonts\.example"):
        pdf('<link rel="stylesheet" href="https://fonts.example/x.css">')


def test_a_machine_without_the_libraries_is_told_which_packages_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(ConclaveError, match="libpango") as caught:
        pdf("<p>x</p>")
    assert "apt-get install fonts-dejavu-core" in caught.value.todo


def test_fonts_and_libraries_are_packages_of_builder_bundle_and_offline_control_node() -> None:
    root = project_root()
    for file in ("requirements/debian.txt", "packages/debian.yml", "packages/control/install"):
        text = (root / file).read_text()
        assert [name for name in printing.PACKAGES if name not in text] == []
