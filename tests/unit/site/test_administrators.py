"""Administrators beside the control node are declared in one file; without it there is nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB

from conclave.errors import ConclaveError
from conclave.site import administrators

if TYPE_CHECKING:
    from pathlib import Path

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def load(folder: Path, text: str | None) -> administrators.Administrators:
    if text is not None:
        (folder / "administrators.yml").write_text(text, encoding="utf-8")
    return administrators.load(LAB.model_copy(update={"folder": folder}))


def test_without_a_file_nobody_is_declared(tmp_path: Path) -> None:
    assert load(tmp_path, None) == administrators.Administrators()
    assert load(tmp_path, "# nobody\n") == administrators.Administrators()


def test_accounts_and_keys_are_read_whatever_the_comment_of_a_key(tmp_path: Path) -> None:
    found = load(tmp_path, f"accounts: [alice]\nkeys:\n  - ssh-ed25519 {KEY} alice\n  - ssh-ed25519 {KEY}\n")
    assert found.accounts == ["alice"]
    assert [administrators.text(blob) for blob in found.blobs] == [KEY, KEY]


@pytest.mark.parametrize(
    "text", ["accounts: alice\n", "people: [alice]\n", "keys: [ssh-ed25519]\n", "keys: [ssh-ed25519 ***]\n", "a: [\n"]
)
def test_a_file_that_says_something_else_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConclaveError, match=r"administrators\.yml") as caught:
        load(tmp_path, text)
    assert "accounts: [alice]" in caught.value.expected
