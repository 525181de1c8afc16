"""Part ``host``: the programs that every host of a site runs beside its services."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from conclave.bundle import deb, files, project
from conclave.bundle.cache import Built, Component, code, digest
from conclave.bundle.context import Context, Result

PROGRAMS = ("dpkg-deb", "git")
HOME = "usr/lib/conclave/host"
_SOURCES, _TREE, _CODE = "host/", "host/tree/", "host/conclave_host/"
_VERSION = "0.1.0"


def obtain(context: Context) -> Result:
    """Return the package ``conclave-host``."""
    recipe = context.root / "packages/host"
    places = placed(project.listed(context.root, context.runner, _SOURCES))
    inputs = {
        "recipe": files.sums(recipe),
        "files": {name: files.sha256(context.root / name) for name in places},
        "code": code(__file__, deb.__file__),
    }

    def build(target: Path, stamp: str) -> Built:
        with tempfile.TemporaryDirectory(prefix=".host-", dir=context.cache.folder) as temporary:
            tree = Path(temporary, "tree")
            for name, path in places.items():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(context.root / name, tree / path)
            context.report.step("packing")
            version = deb.version(_VERSION, stamp, digest(inputs))
            deb.pack(recipe, tree, target, package_version=version, stamp=stamp, runner=context.runner)
        component = Component(
            type="application",
            name="conclave-host",
            version=version,
            purl=f"pkg:generic/conclave-host@{version}",
            licence="Apache-2.0",
        )
        return Built(version=version, components=[component])

    part, fresh = context.cache.obtain("host", inputs, build, previous=context.previous)
    return Result(part, fresh)


def placed(names: list[str]) -> dict[str, str]:
    """Return where each file of the folder ``host`` stands on a host, without the leading slash.

    >>> placed(["host/README.md", "host/conclave_host/chrony.py", "host/tree/usr/lib/conclave/chronyd"]).values()
    dict_values(['usr/lib/conclave/host/conclave_host/chrony.py', 'usr/lib/conclave/chronyd'])
    """
    modules = {name: f"{HOME}/{name.removeprefix(_SOURCES)}" for name in names if name.startswith(_CODE)}
    return modules | {name: name.removeprefix(_TREE) for name in names if name.startswith(_TREE)}
