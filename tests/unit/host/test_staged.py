"""A staged file is whole or it is not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from conclave_host.staged import Staged, below, whole

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"table inet conclave {\n}\n"
WHOLE = TEXT + b"# sha256 " + hashlib.sha256(TEXT).hexdigest().encode() + b"\n"


def test_a_file_with_the_hash_of_its_lines_is_whole() -> None:
    assert whole(WHOLE)
    assert whole(WHOLE.removesuffix(b"\n"))


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"\n",
        TEXT,
        WHOLE + b"\n",
        WHOLE[: len(WHOLE) // 2],
        WHOLE.replace(b"{", b"("),
        b"# sha256 \n",
    ],
)
def test_anything_else_is_damaged(content: bytes | None) -> None:
    assert not whole(content)


def test_what_was_found_whole_is_what_is_used_whoever_writes_in_between(tmp_path: Path) -> None:
    path = tmp_path / "cut.nft"
    path.write_bytes(WHOLE)
    staged = Staged()
    assert staged.damaged([str(path)]) == ""
    path.write_bytes(b"table inet other {\n}\n")
    assert staged.content(str(path)) == WHOLE
    assert Staged().damaged([str(path)]) == str(path)


def test_files_of_services_are_those_below_a_unit(tmp_path: Path) -> None:
    file = tmp_path / "open/chrony.service/etc/chrony/sources.d/site.sources"
    file.parent.mkdir(parents=True)
    file.write_text("")
    (tmp_path / "open/no-unit").write_text("")
    (file.parent / "link").symlink_to(file)
    assert below(str(tmp_path / "open")) == [str(file)]
    assert below(str(tmp_path / "isolated")) == []
