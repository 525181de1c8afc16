"""Part ``portal``: the Django project with its libraries."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from conclave.bundle import deb, files, project, wheels
from conclave.bundle.cache import Built, Component, code, digest
from conclave.bundle.context import Context, Result

PROGRAMS = ("dpkg-deb", "git")
# Debian 13's.
PYTHON = "3.13"
_VERSION = "0.1.0"
# Shared with the control node, which has all of the package; of it the portal gets these.
_SHARED = ("src/conclave/bandwidth.py", "src/conclave/levels/__init__.py", "src/conclave/levels/levels.yml")
_NOT_INSTALLED = ("portal/README.md", "portal/tests/", "portal/requirements.in", "portal/pytest.ini")


def obtain(context: Context) -> Result:
    """Return the package ``conclave-portal``."""
    recipe = context.root / "packages/portal"
    lock = context.root / "requirements/portal.txt"
    names = [n for n in project.listed(context.root, context.runner, "portal/") if not n.startswith(_NOT_INSTALLED)]
    inputs = {
        "recipe": files.sums(recipe),
        "lock": files.sha256(lock),
        "files": {name: files.sha256(context.root / name) for name in [*names, *_SHARED]},
        "code": code(__file__, deb.__file__),
    }

    def build(target: Path, stamp: str) -> Built:
        with tempfile.TemporaryDirectory(prefix=".portal-", dir=context.cache.folder) as temporary:
            home = Path(temporary, "tree/usr/lib/conclave/portal")
            context.report.step("fetching wheels")
            locked = wheels.cached(context, lock, [PYTHON])
            context.report.step("installing")
            # All hashes were checked by pip; uv unpacks for a Python that need not be on this machine.
            context.runner.run(
                [
                    *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-index", "--no-deps"),
                    *(f"--find-links={locked.files}", f"--target={home / 'lib'}", f"--python-version={PYTHON}"),
                    *("--python-platform=x86_64-manylinux_2_40", "--only-binary=:all:", "--link-mode=copy"),
                    f"--requirement={lock}",
                ]
            )
            shutil.rmtree(home / "lib/bin", ignore_errors=True)
            places = {name: home / "app" / name.removeprefix("portal/") for name in names}
            places |= {name: home / "lib" / name.removeprefix("src/") for name in _SHARED}
            for name, place in places.items():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(context.root / name, place)
            context.report.step("packing")
            version = deb.version(_VERSION, stamp, digest(inputs))
            deb.pack(
                recipe, Path(temporary, "tree"), target, package_version=version, stamp=stamp, runner=context.runner
            )
            portal = Component(
                type="application",
                name="conclave-portal",
                version=version,
                purl=f"pkg:generic/conclave-portal@{version}",
                licence="Apache-2.0",
            )
            return Built(version=version, components=[portal, *locked.components])

    part, fresh = context.cache.obtain("portal", inputs, build, previous=context.previous)
    return Result(part, fresh)
