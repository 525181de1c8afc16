"""The package of what runs on every host, as files to place: hosts of tests that are not deployed need it too."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

from conclave.bundle.parts.host import placed
from conclave.paths import project_root

if TYPE_CHECKING:
    from collections.abc import Callable

# Programs among them, and byte code as the package makes it: without it every start would parse all modules.
UNPACK = """
import base64, compileall, json, pathlib, sys
for path, content in json.load(sys.stdin).items():
    file = pathlib.Path("/", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(content))
    file.chmod(0o644 if path.endswith(".py") else 0o755)
compileall.compile_dir("/usr/lib/conclave/host", quiet=1)
"""


def place(command: Callable[[list[str]], list[str]]) -> None:
    """Put the package's files on a host; ``command`` makes the command line that runs one there."""
    root = project_root()
    names = [str(path.relative_to(root)) for path in (root / "host").rglob("*") if path.is_file()]
    files = {
        path: base64.b64encode((root / name).read_bytes()).decode()
        for name, path in placed(names).items()
        if not name.endswith(".pyc")
    }
    subprocess.run(command(["python3", "-c", UNPACK]), input=json.dumps(files), text=True, check=True)
