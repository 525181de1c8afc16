"""Which files of the project go into a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.bundle import files

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.bundle.tools import Runner

# What builds and tests leave in a tree that git does not look after.
_LEFTOVERS = {".git", ".venv", "__pycache__", "node_modules", "dist", "build", ".pytest_cache"}


def listed(root: Path, runner: Runner, *folders: str, tracked: bool = False) -> list[str]:
    """Return the project's files, relative to its root, as they stand in the working tree.

    Parameters
    ----------
    root:
        The project folder.
    runner:
        Runs git.
    folders:
        Only below these; without any, everything.
    tracked:
        Leave out files that git does not know: they may be a real site's inventory and its secrets.
    """
    if not (root / ".git").exists():
        names = files.regular_files(root)
        return [n for n in names if not _LEFTOVERS & set(n.split("/")) and (not folders or n.startswith(folders))]
    others = [] if tracked else ["--others", "--exclude-standard"]
    told = runner.output(["git", "-C", root, "ls-files", "-z", "--cached", *others, "--", *folders])
    paths = {name: root / name for name in told.split("\0") if name}
    # What was removed and not committed is listed as well. A link to a folder is no file, but belongs to the project.
    return sorted(name for name, path in paths.items() if path.is_file() or (tracked and path.is_symlink()))
