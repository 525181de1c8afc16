"""Whoever looks for a reason finds the page."""

from __future__ import annotations

import re

from conclave.paths import project_root


def test_the_list_of_decisions_names_every_page_by_its_title_once() -> None:
    folder = project_root() / "docs" / "decisions"
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]
    titles = [(path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "), path.name) for path in pages]
    assert sorted(listed) == sorted(titles)
