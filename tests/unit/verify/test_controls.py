"""Controls, checks and breakers belong together: none without the others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from conclave import paths
from conclave.errors import ConclaveError
from conclave.verify import controls, run

if TYPE_CHECKING:
    from pathlib import Path

ROOT = paths.project_root()
MARK = re.compile(r'^@control\("([A-Z]{3}-\d{2})"', re.MULTILINE)


def checked() -> list[str]:
    return [found for file in (ROOT / "checks").glob("check_*.py") for found in MARK.findall(file.read_text("utf-8"))]


def test_every_control_has_a_check_and_every_check_a_control() -> None:
    assert sorted(set(checked())) == sorted(controls.load())


def test_a_control_is_proven_by_one_check() -> None:
    assert len(checked()) == len(set(checked()))


def test_every_control_has_a_breaker() -> None:
    assert {one.control for one in run.breakers([])} == set(controls.load())


def test_breakers_name_controls_that_exist() -> None:
    known = set(controls.load())
    assert all({one.control, *one.also} <= known for one in run.breakers([]))


def test_a_breaker_for_an_unknown_control_is_refused() -> None:
    with pytest.raises(ConclaveError, match="NET-99"):
        run.breakers(["NET-99"])


def test_the_schema_is_that_of_the_model() -> None:
    schema = json.loads((ROOT / "controls/schema.json").read_text("utf-8"))
    assert schema == controls.ControlFile.model_json_schema()


def write(folder: Path, *identifiers: str) -> None:
    entries = "".join(
        f"  - id: {identifier}\n    title: {{de: Zusage, en: Promise}}\n    severity: high\n"
        "    references: [{law: nis2, point: 21(2)(j), relation: evidences}]\n"
        "    does_not_show: {de: Alles andere., en: All the rest.}\n"
        for identifier in identifiers
    )
    (folder / "net.yml").write_text(f"controls:\n{entries}", encoding="utf-8")


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "NET-01", "NET-01")
    with pytest.raises(ConclaveError, match="is defined twice"):
        controls.load(tmp_path)


def test_an_entry_that_does_not_fit_is_named(tmp_path: Path) -> None:
    write(tmp_path, "network-1")
    with pytest.raises(ConclaveError, match=r"net\.yml: controls\.0\.id"):
        controls.load(tmp_path)
