"""Part ``debian``: everything of Debian that hosts of the site can ask for."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from conclave.bundle import files
from conclave.bundle.apt import Package, World
from conclave.bundle.cache import Built, Component, digest
from conclave.bundle.context import Context, Result
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = ("apt-get",)
# Names of our own packages; apt gets them from the other parts.
OWN = "conclave-"
_CONNECTIONS = 4


def wanted(root: Path) -> dict[str, list[str]]:
    """Return the package sets to solve: one per role, one of all roles together, and those of ``packages/debian.yml``.

    Parameters
    ----------
    root:
        The project folder. Roles say what they need as ``<role>_packages`` in their defaults.

    Raises
    ------
    ConclaveError
        When a role's list is no plain list of names.
    """
    settings = yaml.safe_load((root / "packages/debian.yml").read_text())
    own = _own_dependencies(root)
    roles: dict[str, list[str]] = {}
    for path in sorted(root.glob("roles/*/defaults/main.yml")):
        role = path.parts[-3]
        names = (yaml.safe_load(path.read_text()) or {}).get(f"{role}_packages", [])
        if not isinstance(names, list) or not all(isinstance(name, str) and "{" not in name for name in names):
            raise ConclaveError(f"{path}: {role}_packages is {names!r}", expected="a list of package names")
        if names:
            roles[role] = [more for name in names for more in (own[name] if name.startswith(OWN) else [name])]
    base = settings["base"]
    sets = {f"role {role}": [*base, *names] for role, names in roles.items()}
    # One host may carry every role (the one-box site).
    sets["all roles"] = [*base, *(name for names in roles.values() for name in names)]
    sets |= {f"set {name}": [*base, *names] for name, names in settings["sets"].items()}
    return {name: sorted(set(names)) for name, names in sets.items()}


def obtain(context: Context) -> Result:
    """Return the closure of all package sets, as ``.deb`` files."""
    settings = yaml.safe_load((context.root / "packages/debian.yml").read_text())
    folder = context.cache.folder / "apt" / settings["release"]
    folder.mkdir(parents=True, exist_ok=True)
    world = World(
        folder,
        release=settings["release"],
        architecture=settings["architecture"],
        components=settings["components"],
        runner=context.runner,
    )
    context.report.step("package lists")
    world.update()
    packages = _solve(world, wanted(context.root), context)
    pool = context.cache.folder / "debs"
    pool.mkdir(exist_ok=True)

    def build(target: Path, stamp: str) -> Built:
        _fetch(world, packages, pool, context)
        for package in packages:
            os.link(pool / package.file, target / package.file)
        return Built(version=f"{settings['release']} {stamp}", components=[_component(p) for p in packages])

    inputs = [[p.name, p.version, p.architecture, p.sha256] for p in packages]
    part, fresh = context.cache.obtain("debian", inputs, build)
    _prune(pool)
    return Result(part, fresh)


def _own_dependencies(root: Path) -> dict[str, list[str]]:
    """Return what Debian must have for each of our own packages, from their control templates."""
    needs = {}
    for path in root.glob("packages/*/control"):
        fields = dict(line.split(": ", 1) for line in path.read_text().splitlines() if not line.startswith(" "))
        depends = [entry.split()[0] for entry in fields.get("Depends", "").split(",") if entry.strip()]
        needs[fields["Package"]] = [name for name in depends if not name.startswith(OWN)]
    return needs


def _solve(world: World, sets: dict[str, list[str]], context: Context) -> list[Package]:
    """Solve every set; the solution is remembered for as long as neither the archive nor the sets change."""
    memory = world.folder / "solutions" / f"{digest([world.state(), sets])}.json"
    if memory.is_file():
        return [Package(**row) for row in json.loads(memory.read_text())]
    union: set[Package] = set()
    for done, (name, names) in enumerate(sets.items()):
        context.report.step(f"solving {name} ({done + 1} of {len(sets)})")
        try:
            union |= world.solve(names)
        except ConclaveError as error:
            raise ConclaveError(
                f"{name}: {error.found}", expected="packages that Debian has", todo=error.todo
            ) from error
    packages = sorted(union)
    rows: list[dict[str, Any]] = [vars(package) for package in packages]
    memory.parent.mkdir(exist_ok=True)
    for old in memory.parent.iterdir():
        old.unlink()
    memory.write_text(json.dumps(rows))
    return packages


def _fetch(world: World, packages: Sequence[Package], pool: Path, context: Context) -> None:
    """Download what the pool lacks, over several connections."""
    missing = [p for p in packages if not _good(pool / p.file, p)]
    total = sum(p.size for p in missing)
    context.report.step(f"downloading {len(missing)} packages")
    with tempfile.TemporaryDirectory(prefix=".new-", dir=pool) as temporary:
        folders = [Path(temporary, str(number)) for number in range(_CONNECTIONS)]
        shares: list[list[Package]] = [[] for _ in folders]
        # Largest first, each to the connection with the least to do.
        for package in sorted(missing, key=lambda p: -p.size):
            min(shares, key=lambda share: sum(p.size for p in share)).append(package)
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(Path(temporary), total, done, context))
        for folder in folders:
            folder.mkdir()
        watcher.start()
        try:
            with ThreadPoolExecutor(_CONNECTIONS) as executor:
                jobs = [
                    executor.submit(world.download, share, folder)
                    for share, folder in zip(shares, folders, strict=True)
                    if share
                ]
                for job in jobs:
                    job.result()
        finally:
            done.set()
            watcher.join()
        for share, folder in zip(shares, folders, strict=True):
            for package in share:
                if not _good(folder / package.file, package):
                    raise ConclaveError(f"{package.file} is not what the package list says", todo="build again")
                (folder / package.file).rename(pool / package.file)


def _watch(folder: Path, total: int, done: threading.Event, context: Context) -> None:
    while not done.wait(0.2):
        # A file may be renamed while it is being looked at; the next round sees it.
        sizes = [entry.stat().st_size for path in folder.iterdir() for entry in os.scandir(path) if entry.is_file()]
        context.report.amount(sum(sizes), total)


def _good(path: Path, package: Package) -> bool:
    return path.is_file() and path.stat().st_size == package.size and files.sha256(path) == package.sha256


def _prune(pool: Path) -> None:
    """Remove packages that no cached part links to any more."""
    for path in pool.iterdir():
        if path.is_file() and path.stat().st_nlink == 1:
            path.unlink()


def _component(package: Package) -> Component:
    return Component(
        name=package.name,
        version=package.version,
        purl=f"pkg:deb/debian/{package.name}@{package.version}?arch={package.architecture}&distro=trixie",
        hashes={"SHA-256": package.sha256},
    )
