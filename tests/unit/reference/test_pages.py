"""The generated documents follow the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.catalog import Catalog
from conclave.paths import project_root
from conclave.reference import pages

if TYPE_CHECKING:
    from pathlib import Path


def test_committed_documents_are_made_from_the_catalogue_as_it_stands() -> None:
    assert pages.stale(Catalog.load(), project_root() / "docs") == []


def test_a_picture_drawn_from_another_catalogue_is_stale(tmp_path: Path) -> None:
    catalog = Catalog.load()
    for name, text in pages.texts(catalog).items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.with_suffix(".svg").write_text("<!-- drawn from sha256:0 -->", encoding="utf-8")
    assert pages.stale(catalog, tmp_path) == ["pictures/parts.svg", "pictures/flows.svg"]


def test_every_flow_stands_in_both_tables_and_in_the_picture() -> None:
    catalog = Catalog.load()
    texts = pages.texts(catalog)
    for flow in catalog.flows:
        assert f"`{flow.name}`" in texts["reference/flows.en.md"]
        assert flow.purpose.de in texts["reference/flows.de.md"]
        assert f"{flow.name} " in texts["pictures/flows.dot"]
