"""Part ``web``: the browser client, built by Vite."""

from __future__ import annotations

import base64
import json
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.bundle import deb, files, project, toolchains
from conclave.bundle.cache import Built, Component, Part, code, digest
from conclave.bundle.context import Context, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAMS = ("dpkg-deb", "git")
# The client's types are made from the portal's API.
_SOURCES = ("web/", "portal/openapi.json")


def obtain(context: Context) -> Result:
    """Return the package ``conclave-web``."""
    recipe = context.root / "packages/web"
    names = [n for n in project.listed(context.root, context.runner, *_SOURCES) if not n.startswith("web/tests/")]
    environment = toolchains.node(context, context.root / "web/package.json", context.root / "requirements/node.txt")
    node = context.runner.output(["node", "--version"], env=environment).strip()
    inputs = {
        "recipe": files.sums(recipe),
        "files": {name: files.sha256(context.root / name) for name in names},
        "node": node,
        "code": code(__file__, deb.__file__),
    }

    def build(target: Path, stamp: str) -> Built:
        with tempfile.TemporaryDirectory(prefix=".web-", dir=context.cache.folder) as temporary:
            for name in names:
                place = Path(temporary, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(context.root / name, place)
            web = Path(temporary, "web")
            with tarfile.open(_packages(context, node, environment).files / "node_modules.tar") as archive:
                archive.extractall(web, filter="tar")
            context.report.step(f"building with node {node}")
            context.runner.run(["npm", "run", "build"], cwd=web, env=environment)
            tree = Path(temporary, "tree")
            shutil.copytree(web / "dist", tree / "usr/share/conclave/web")
            context.report.step("packing")
            upstream = json.loads((web / "package.json").read_text())["version"]
            version = deb.version(upstream, stamp, digest(inputs))
            components = _components(web / "package-lock.json", version)
            modules = {c.name: web / "node_modules" / c.name for c in components[1:]}
            deb.pack(
                recipe,
                tree,
                target,
                package_version=version,
                stamp=stamp,
                copyright=deb.notices({name: folder for name, folder in modules.items() if folder.is_dir()}),
                runner=context.runner,
            )
            return Built(version=version, components=components)

    part, fresh = context.cache.obtain("web", inputs, build, previous=context.previous)
    return Result(part, fresh)


def _packages(context: Context, node: str, environment: Mapping[str, str]) -> Part:
    """Return the installed packages of the lock file, in one tar: there are some 10,000 files."""
    sources = [context.root / "web" / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def build(target: Path, stamp: str) -> Built:
        with tempfile.TemporaryDirectory(prefix=".npm-", dir=context.cache.folder) as temporary:
            for source in sources:
                shutil.copyfile(source, Path(temporary, source.name))
            complete(Path(temporary, "package-lock.json"))
            context.report.step("fetching packages (npm ci)")
            context.runner.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=Path(temporary), env=environment)
            with tarfile.open(target / "node_modules.tar", "w") as archive:
                archive.add(Path(temporary, "node_modules"), "node_modules")
        return Built(version=stamp)

    inputs = {"node": node, "files": {source.name: files.sha256(source) for source in sources}}
    return context.cache.obtain("node_modules", inputs, build)[0]


def complete(lock: Path) -> None:
    """Put back what npm leaves out of a lock file and then misses: optional packages that the registry does not offer.

    They are builds for other platforms. Named with a platform that does not exist, none is ever fetched.
    """
    content = json.loads(lock.read_text())
    packages = content["packages"]
    for package in list(packages.values()):
        for name, version in package.get("optionalDependencies", {}).items():
            entry = {"version": version.lstrip("^~>="), "optional": True, "os": ["none"]}
            packages.setdefault(f"node_modules/{name}", entry)
    lock.write_text(json.dumps(content, indent=2))


def _components(lock: Path, version: str) -> list[Component]:
    """Return the packages that the client is made of: the lock file's, without tools of development."""
    client = Component(
        type="application",
        name="conclave-web",
        version=version,
        purl=f"pkg:generic/conclave-web@{version}",
        licence="Apache-2.0",
    )
    found = {}
    for path, entry in json.loads(lock.read_text())["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if not name or entry.get("dev") or entry.get("optional"):
            continue
        purl = f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}"
        algorithm, _, value = entry.get("integrity", "").partition("-")
        hashes = {"SHA-512": base64.b64decode(value).hex()} if algorithm == "sha512" else {}
        licence = entry.get("license", "")
        found[purl] = Component(name=name, version=entry["version"], purl=purl, hashes=hashes, licence=licence)
    return [client, *found.values()]
