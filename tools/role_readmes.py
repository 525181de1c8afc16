"""Write each role's README.md from its argument_specs.yml, or say with --check which ones are out of date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[1] / "roles"


def specifications(role: Path) -> dict[str, dict[str, Any]]:
    """Return the entry points of a role's argument_specs.yml."""
    content = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    entries: dict[str, dict[str, Any]] = content["argument_specs"]
    return entries


def readme(role: Path) -> str:
    """Return what the README of a role says."""
    entries = specifications(role)
    main = entries["main"]
    description = main.get("description", [])
    paragraphs = [description] if isinstance(description, str) else description
    lines = [f"# {role.name}", "", f"{_sentence(main['short_description'])}", ""]
    for paragraph in paragraphs:
        lines += [paragraph, ""]
    lines += _table("Variables", main)
    for name, entry in entries.items():
        if name != "main":
            lines += [f"Entry point `{name}`: {_sentence(entry['short_description'])}", ""]
            same = entry.get("options") == main.get("options")
            lines += [] if same else _table(f"Variables of `{name}`", entry)
    placed = sorted(str(path.relative_to(role / "tree")) for path in (role / "tree").rglob("*") if path.is_file())
    if placed:
        lines += ["## What it puts on a host", ""]
        lines += [f"- `/{path.removesuffix('.j2')}`" for path in placed]
        lines += [""]
    lines += ["This page is made from `meta/argument_specs.yml` by `make docs`.", ""]
    return "\n".join(lines)


def _table(title: str, entry: dict[str, Any]) -> list[str]:
    options = entry.get("options") or {}
    if not options:
        return []
    rows = [_row(name, option) for name, option in options.items()]
    return [f"## {title}", "", "| variable | type | default | what it is |", "|---|---|---|---|", *rows, ""]


def _row(name: str, option: dict[str, Any]) -> str:
    kind = option.get("type", "str")
    if kind == "list" and "elements" in option:
        kind = f"list of {option['elements']}"
    if option.get("required"):
        default = "required"
    elif "default" in option:
        default = f"`{json.dumps(option['default'], ensure_ascii=False)}`"
    else:
        default = "none"
    text = option.get("description", "")
    sentences = text if isinstance(text, str) else " ".join(text)
    if "choices" in option:
        sentences += f" One of {', '.join(str(choice) for choice in option['choices'])}."
    return f"| `{name}` | {kind} | {_cell(default)} | {_cell(sentences)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def main() -> int:
    """Write what is out of date, or name it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    check = parser.parse_args().check
    stale = 0
    for role in sorted(path.parent.parent for path in ROLES.glob("*/meta/argument_specs.yml")):
        page, text = role / "README.md", readme(role)
        if page.is_file() and page.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if not check:
            page.write_text(text, encoding="utf-8")
        print(f"{page.relative_to(ROLES.parent)}: {'is out of date' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
