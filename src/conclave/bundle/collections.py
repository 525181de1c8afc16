"""Cut the Ansible collections that Conclave uses out of the ``ansible`` wheel.

``python -m conclave.bundle.collections`` does it for the checkout: into ``collections/``, where ``ansible.cfg`` looks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from conclave.bundle import files
from conclave.bundle.cache import Component, digest
from conclave.bundle.tools import Runner
from conclave.errors import ConclaveError
from conclave.paths import cache_dir, project_root

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = "ansible_collections"
_MARK = ".conclave.json"


def fetch(root: Path, folder: Path, runner: Runner) -> Path:
    """Fetch the wheel that ``requirements/collections.txt`` pins; pip checks its hash."""
    lock = root / "requirements/collections.txt"
    runner.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"),
            *("--require-hashes", f"--dest={folder}", f"--requirement={lock}"),
        ]
    )
    return next(folder.glob("*.whl"))


def cut(wheel: Path, target: Path, wanted: Sequence[str], leave_out: Sequence[str]) -> list[Component]:
    """Unpack collections, with those they depend on.

    Parameters
    ----------
    wheel:
        The ``ansible`` wheel.
    target:
        Folder that gets ``ansible_collections/``.
    wanted:
        Names, ``namespace.name``.
    leave_out:
        Folders directly below a collection that are not unpacked.

    Returns
    -------
    list[Component]
        What was unpacked.

    Raises
    ------
    ConclaveError
        When the wheel does not have one of them.
    """
    found: dict[str, Component] = {}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        queue = list(wanted)
        while queue:
            name = queue.pop()
            if name in found:
                continue
            prefix = f"{_ROOT}/{name.replace('.', '/')}/"
            if f"{prefix}MANIFEST.json" not in names:
                raise ConclaveError(f"{wheel.name} has no collection {name}", todo="correct packages/collections.yml")
            info = json.loads(archive.read(f"{prefix}MANIFEST.json"))["collection_info"]
            queue += info["dependencies"]
            found[name] = Component(name=name, version=info["version"], purl=f"pkg:ansible/{name}@{info['version']}")
            skipped = tuple(f"{prefix}{folder}/" for folder in leave_out)
            archive.extractall(target, [n for n in names if n.startswith(prefix) and not n.startswith(skipped)])
    return [found[name] for name in sorted(found)]


def settings(root: Path) -> tuple[list[str], list[str]]:
    """Return the collections to unpack and the folders to leave out."""
    content = yaml.safe_load((root / "packages/collections.yml").read_text())
    return content["collections"], content["leave_out"]


def inputs(root: Path) -> dict[str, str]:
    """Return what the unpacked collections depend on."""
    names = ("packages/collections.yml", "requirements/collections.txt")
    return {name: files.sha256(root / name) for name in names}


def main() -> None:
    """Unpack the collections into the checkout, unless they are there already."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--target", type=Path, help="folder to fill; default: collections/ of the project")
    root = project_root()
    target: Path = parser.parse_args().target or root / "collections"
    files.recover(target)
    key = digest(inputs(root))
    mark = target / _MARK
    if mark.is_file() and json.loads(mark.read_text())["inputs"] == key:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.new-", dir=target.parent) as temporary:
        wheel = fetch(root, Path(temporary), Runner(cache_dir() / "bundle/logs/collections.log"))
        fresh = Path(temporary, "collections")
        found = cut(wheel, fresh, *settings(root))
        versions = {component.name: component.version for component in found}
        (fresh / _MARK).write_text(json.dumps({"inputs": key, "versions": versions}, indent=1) + "\n")
        fresh.chmod(0o755)
        files.replace(target, fresh)
    print(*(f"{name} {version}" for name, version in versions.items()), sep="\n", file=sys.stderr)  # noqa: T201 - a tool


if __name__ == "__main__":
    main()
