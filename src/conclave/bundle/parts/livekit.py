"""Part ``livekit``: the SFU, built from its Go module by our wrapper module."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from conclave.bundle import deb, files, toolchains
from conclave.bundle.cache import Built, Component, code, digest
from conclave.bundle.context import Context, Result
from conclave.errors import ConclaveError

PROGRAMS = ("go", "dpkg-deb")
MODULE = "github.com/livekit/livekit-server"
_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=")
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOOS": "linux",
    "GOARCH": "amd64",
    "GOFLAGS": "",
    "GOWORK": "off",
    "GOTOOLCHAIN": "local",
}
_DEPENDENCY = re.compile(r"^\t(?:dep|mod|=>)\t(?P<path>\S+)\t(?P<version>v\S+)(?:\t(?P<sum>h1:\S+))?$", re.MULTILINE)


def obtain(context: Context) -> Result:
    """Return the package ``conclave-livekit``."""
    recipe = context.root / "packages/livekit"
    upstream = pinned(recipe / "go.mod")
    inputs = {"recipe": files.sums(recipe), "flags": _FLAGS, "code": code(__file__, deb.__file__)}

    def build(target: Path, stamp: str) -> Built:
        with tempfile.TemporaryDirectory(prefix=".livekit-", dir=context.cache.folder) as temporary:
            tree = Path(temporary, "tree")
            binary = tree / "usr/lib/conclave/livekit/livekit-server"
            binary.parent.mkdir(parents=True)
            go = toolchains.go(context, recipe / "go.mod")
            release = context.runner.output([go, "env", "GOVERSION"], env=_ENVIRONMENT).strip()
            context.report.step(f"compiling with {release}")
            context.runner.run(
                [go, "build", *_FLAGS, "-o", binary, f"{MODULE}/cmd/server"], cwd=recipe, env=_ENVIRONMENT
            )
            said = context.runner.output([binary, "--version"])
            if upstream not in said:
                raise ConclaveError(f"livekit-server says it is {said.strip()!r}", expected=upstream)
            modules = context.runner.output([go, "version", "-m", binary], env=_ENVIRONMENT)
            context.report.step("packing")
            version = deb.version(upstream, stamp, digest(inputs))
            rights = _copyright(recipe, modules, go, context)
            deb.pack(
                recipe, tree, target, package_version=version, stamp=stamp, copyright=rights, runner=context.runner
            )
        return Built(version=version, components=_components(modules, release, upstream))

    part, fresh = context.cache.obtain("livekit", inputs, build, previous=context.previous)
    return Result(part, fresh)


def pinned(go_mod: Path) -> str:
    """Return the SFU's version that the wrapper module asks for."""
    match = re.search(rf"{re.escape(MODULE)} v(\S+)", go_mod.read_text())
    if match is None:
        raise ConclaveError(f"{go_mod} does not require {MODULE}")
    return match[1]


def _components(modules: str, go: str, upstream: str) -> list[Component]:
    """Return the modules that are linked into the binary, from ``go version -m``."""
    found = [
        Component(name=m["path"], version=m["version"], purl=f"pkg:golang/{m['path']}@{m['version']}")
        for m in _DEPENDENCY.finditer(modules)
    ]
    server = Component(
        type="application",
        name="livekit-server",
        version=upstream,
        purl=f"pkg:golang/{MODULE}@v{upstream}",
        licence="Apache-2.0",
    )
    toolchain = go.removeprefix("go")
    return [server, Component(name="stdlib", version=toolchain, purl=f"pkg:golang/stdlib@{toolchain}"), *found]


def _copyright(recipe: Path, modules: str, go: Path, context: Context) -> str:
    """Return the licences of everything that is linked in, which ask to go with the binary."""
    paths = [m["path"] for m in _DEPENDENCY.finditer(modules)]
    listed = context.runner.output(
        [go, "list", "-mod=readonly", "-m", "-f", "{{.Path}} {{.Dir}}", *paths], cwd=recipe, env=_ENVIRONMENT
    )
    found = (line.partition(" ") for line in listed.splitlines())
    return deb.notices({path: Path(folder) for path, _, folder in found if folder})
