"""The base image is cached by what it is made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conclave.errors import ConclaveError
from conclave.lab import image

SOURCE = image.Source("a depot", "site", ("deb copy:///depot site main",), Path("/depot/depot.gpg"), "1")


def depot(folder: Path, *versions: str) -> Path:
    index = folder / "dists/site/main/binary-amd64/Packages"
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text("\n\n".join(versions), encoding="utf-8")
    (folder / "depot.gpg").write_bytes(b"key")
    return folder


def stanza(name: str, digest: str) -> str:
    return f"Package: {name}\nVersion: 1\nSHA256: {digest}"


def test_other_packages_make_another_image() -> None:
    assert image.key(SOURCE) == image.key(replace(SOURCE, label="elsewhere"))
    assert image.key(SOURCE) != image.key(replace(SOURCE, identity="2"))


def test_a_new_portal_does_not_make_another_image(tmp_path: Path) -> None:
    first = image.depot_source(depot(tmp_path, stanza("sudo", "a"), stanza("conclave-portal", "b")))
    same = image.depot_source(depot(tmp_path, stanza("sudo", "a"), stanza("conclave-portal", "c")))
    other = image.depot_source(depot(tmp_path, stanza("sudo", "d"), stanza("conclave-portal", "c")))
    assert image.key(first) == image.key(same) != image.key(other)


def test_a_depot_is_used_without_this_machines_settings(tmp_path: Path) -> None:
    source = image.depot_source(depot(tmp_path, stanza("sudo", "a")))
    assert source.apt_options == ()
    assert source.lines == (f"deb copy://{tmp_path} site main",)
    assert source.keyring == tmp_path / "depot.gpg"


def test_a_folder_that_is_no_depot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConclaveError, match="no such file"):
        image.depot_source(tmp_path)


def test_this_machines_sources_are_those_of_the_new_suite() -> None:
    source = image.machine_source()
    suites = {line.split()[2] for line in source.lines}
    assert "trixie" in suites
    assert {suite.partition("-")[0] for suite in suites} == {"trixie"}
