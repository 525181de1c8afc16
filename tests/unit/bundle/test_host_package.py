"""The package of what runs on every host: complete, the same to the last byte, and able to start."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.bundle import files, project, tools
from conclave.bundle.cache import Cache
from conclave.bundle.context import Context
from conclave.bundle.parts import host
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()


class _Quiet:
    def step(self, text: str) -> None: ...

    def amount(self, done: int, total: int) -> None: ...


def built(folder: Path) -> Path:
    """Return the package, built into a cache of its own."""
    runner = tools.Runner(folder / "log")
    result = host.obtain(Context(root=ROOT, cache=Cache(folder / "cache"), runner=runner, report=_Quiet()))
    (package,) = result.part.files.iterdir()
    return package


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def tree(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
    return folder


def test_every_file_of_the_folder_is_in_the_package(tree: Path, tmp_path: Path) -> None:
    names = project.listed(ROOT, tools.Runner(tmp_path / "log"), "host/")
    assert files.regular_files(tree) == sorted(host.placed(names).values())


def test_programs_can_be_run_and_modules_are_only_read(tree: Path) -> None:
    modes = {name: (tree / name).stat().st_mode & 0o777 for name in files.regular_files(tree)}
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        name for name in modes if not name.startswith(host.HOME)
    }
    assert set(modes.values()) == {0o644, 0o755}


def test_a_program_imports_what_it_calls_from_the_package_alone(tree: Path) -> None:
    for name in files.regular_files(tree):
        if name.startswith(host.HOME):
            continue
        lines = (tree / name).read_text().splitlines()
        assert lines[0].startswith("#!/usr/bin/python3 -I"), name
        imports = [line for line in lines if line.startswith(("import ", "from "))]
        (module,) = {line.split()[1] for line in imports} - {"sys"}
        place = tree / host.HOME / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), name
