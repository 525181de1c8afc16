"""The base image is made from a complete and signed source, or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.lab import image

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab


def test_a_depot_that_nobody_signed_gives_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    depot = tmp_path / "apt"
    index = depot / "dists/site/main/binary-amd64/Packages"
    index.parent.mkdir(parents=True)
    index.write_text("Package: sudo\nVersion: 1\nArchitecture: amd64\n", encoding="utf-8")
    (depot / "dists/site/Release").write_text("Suite: site\nComponents: main\n", encoding="utf-8")
    shutil.copy(image.DEBIAN_KEYRING, depot / "depot.gpg")
    with pytest.raises(ConclaveError, match="no base image from the depot") as caught:
        image.ensure(image.depot_source(depot), lambda _: None)
    assert caught.value.exit_code == 3
    assert list((tmp_path / "cache/conclave/image").iterdir()) == []


def test_an_image_is_made_once(source: image.Source) -> None:
    said: list[str] = []
    first = image.ensure(source, said.append)
    assert (first / "usr/lib/systemd/systemd").exists()
    said.clear()
    assert image.ensure(source, said.append) == first
    assert said == []


def test_an_image_holds_nothing_that_clones_must_not_share(source: image.Source) -> None:
    root = image.ensure(source, lambda _: None)
    assert list(root.glob("etc/ssh/ssh_host_*")) == []
    assert (root / "etc/machine-id").read_text(encoding="utf-8") == ""
    assert list(root.glob("etc/apt/sources.list.d/*")) == []
    assert not (root / "etc/apt/sources.list").exists()
    assert "Check-" not in "".join(path.read_text(encoding="utf-8") for path in root.glob("etc/apt/apt.conf.d/*"))
    assert (root / "usr/share/man/man1").is_dir()
