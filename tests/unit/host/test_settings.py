"""Settings of a program: what cannot be used is told with file, found and expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave_host.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory; expected: settings of a role, in JSON; do: conclave deploy"),
        ("{", "Expecting property name"),
        ("[]", "a JSON list; expected: a JSON object"),
    ],
)
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "tls.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError) as told:
        Settings.load(str(path))
    assert str(told.value).startswith(f"{path}: ")
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ("text", "no x; expected: a text"),
        ("number", "no x; expected: a whole number"),
        ("texts", "no x; expected: a list of texts"),
        ("numbers", "no x; expected: a list of whole numbers"),
        ("part", "no x; expected: an object"),
        ("parts", "no x; expected: a list of objects"),
    ],
)
def test_a_value_that_is_missing_is_named(read: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        getattr(Settings("f", {}), read)("x")


@pytest.mark.parametrize(
    ("read", "value"), [("text", 1), ("number", "1"), ("number", True), ("texts", [1]), ("part", []), ("parts", ["x"])]
)
def test_a_value_of_another_type_is_shown(read: str, value: object) -> None:
    with pytest.raises(SettingsError, match="x is "):
        getattr(Settings("f", {"x": value}), read)("x")
