"""A small bundle made by the real build: real keys, apt repository, manifest and signatures, a few small files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from conclave.bundle import building, deb, keys
from conclave.bundle.cache import Built, Cache, Component, digest
from conclave.bundle.context import Context, Result

CONTROL = """\
Package: conclave-sample
Architecture: all
Maintainer: Conclave
Section: misc
Priority: optional
Description: a package of the tests
"""


class Silent:
    """Shows no progress."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def amount(self, done: int, total: int) -> None:
        """Say nothing."""


@dataclass
class Factory:
    """Builds small bundles, each from the content it is told."""

    folder: Path
    keys: keys.Keys
    content: str = "first"
    built: int = 0

    def package(self, context: Context) -> Result:
        """Return a part with one Debian package."""
        inputs = {"content": self.content}

        def build(target: Path, stamp: str) -> Built:
            self.built += 1
            template, tree = self.folder / "template", self.folder / f"tree-{self.built}"
            template.mkdir(exist_ok=True)
            (template / "control").write_text(CONTROL)
            (tree / "usr/share/conclave").mkdir(parents=True)
            (tree / "usr/share/conclave/sample").write_text(self.content)
            version = deb.version("1:1.0", stamp, digest(inputs))
            deb.pack(template, tree, target, package_version=version, stamp=stamp, runner=context.runner)
            purl = f"pkg:generic/conclave-sample@{version}"
            return Built(version=version, components=[Component(name="conclave-sample", version=version, purl=purl)])

        return Result(*context.cache.obtain("sample", inputs, build, previous=context.previous))

    @staticmethod
    def control(context: Context) -> Result:
        """Return a part with plain files."""

        def build(target: Path, stamp: str) -> Built:
            (target / "install").write_text("#!/bin/sh\n")
            (target / "project.tar.gz").write_bytes(b"project" * 100)
            return Built(version=stamp)

        return Result(*context.cache.obtain("control", {}, build, previous=context.previous))

    def recipes(self) -> dict[str, building.Recipe]:
        """Return the parts to build."""
        return {
            "sample": building.Recipe(("dpkg-deb",), self.package),
            "control": building.Recipe((), self.control),
        }

    def build(self, out: Path, recipes: dict[str, building.Recipe] | None = None) -> building.Release:
        """Build a bundle."""
        return building.build(
            self.folder,
            out,
            lambda _part: Silent(),
            parts=recipes or self.recipes(),
            key_folder=self.keys.folder,
            cache=Cache(self.folder / "cache"),
        )


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep each test out of the operator's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def session_keys(tmp_path_factory: pytest.TempPathFactory) -> keys.Keys:
    """Signing keys; made once, as they are the same for every test."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return keys.new(folder / "keys")


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory, session_keys: keys.Keys) -> Path:
    """Build a bundle; tests start from copies of it and of its cache."""
    folder = tmp_path_factory.mktemp("origin")
    Factory(folder, session_keys).build(folder / "bundle")
    return folder


@pytest.fixture
def factory(tmp_path: Path, session_keys: keys.Keys) -> Factory:
    """Return what builds small bundles, with nothing in its cache."""
    folder = tmp_path / "factory"
    folder.mkdir()
    shutil.copytree(session_keys.folder, folder / "keys")
    return Factory(folder, keys.Keys(folder / "keys"))


@pytest.fixture
def out(factory: Factory, origin: Path, tmp_path: Path) -> Path:
    """Return a bundle that the factory built, with the factory's cache filled."""
    shutil.copytree(origin / "cache", factory.folder / "cache")
    return Path(shutil.copytree(origin / "bundle", tmp_path / "out"))


@pytest.fixture
def bundle(tmp_path: Path, origin: Path) -> Path:
    """Return a whole bundle of the test's own."""
    return Path(shutil.copytree(origin / "bundle", tmp_path / "bundle"))


@pytest.fixture
def root(session_keys: keys.Keys) -> Path:
    """Return the root of trust of a site that trusts the bundle's keys."""
    return session_keys.root
