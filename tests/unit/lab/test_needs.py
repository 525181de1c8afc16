"""What is missing on a machine is named in one sentence, with what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.lab import needs

if TYPE_CHECKING:
    from pathlib import Path


def test_nobody_but_root_starts_a_lab() -> None:
    needs.check_privilege(0)
    with pytest.raises(ConclaveError, match="called by user 1000") as caught:
        needs.check_privilege(1000)
    assert caught.value.exit_code == 3
    assert "sudo" in caught.value.todo


def test_a_missing_tool_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConclaveError, match="missing on this machine: nft, systemd-nspawn") as caught:
        needs.check_tools({name: needs.TOOLS[name] for name in ("nft", "systemd-nspawn")})
    assert caught.value.todo.endswith("nftables systemd-container")
    assert caught.value.exit_code == 3


def test_a_missing_file_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConclaveError, match="lacks file system overlay") as caught:
        needs.check_kernel("nodev\tcgroup2\n\text4\n")
    assert caught.value.exit_code == 3


def test_every_tool_names_a_package() -> None:
    assert all(needs.TOOLS.values())
