# SPDX-License-Identifier: Apache-2.0
"""Bring a role's files on a host to the wanted state: compare, stage, validate, replace, undo."""

from __future__ import annotations

import base64
import glob
import grp
import json
import os
import pwd
import secrets
import shlex
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    # (exit code, standard output, standard error); exit code 127 when the program is missing.
    Run = Callable[[list[str]], tuple[int, str, str]]

PROGRAM_MISSING = 127
STAGED = ".conclave-"
UNITS = (".service", ".socket", ".timer")
UNIT_FOLDERS = ("etc/systemd/system/", "usr/lib/systemd/system/")
HIDDEN = "(not shown: the file holds secrets)\n"


class TreeError(Exception):
    """What stopped the role's files from being placed; the message is for the operator."""


@dataclass
class Wanted:
    """One path below the root and what should be there."""

    path: str
    state: str
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    content: bytes = b""
    target: str = ""
    secret: bool = False
    validate: str = ""
    validate_all: str = ""
    # For the state "initial": what makes the path.
    command: str = ""
    notify: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, item: dict[str, Any]) -> Wanted:
        """Build from the action plugin's message."""
        content = base64.b64decode(item.pop("content", ""))
        mode = int(item.pop("mode", "0644"), 8)
        return cls(content=content, mode=mode, **item)


@dataclass
class Found:
    """What is at a path now."""

    kind: str
    content: bytes = b""
    target: str = ""
    uid: int = 0
    gid: int = 0
    mode: int = 0


@dataclass
class Change:
    """A path whose state differs, why, and what was there before."""

    wanted: Wanted
    found: Found
    reasons: list[str]
    staged: Path | None = None
    # What was at the path, under another name, until all changes stand.
    kept: Path | None = None


def look(path: Path) -> Found:
    """Read what is at a path, without following a symbolic link."""
    try:
        info = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Found("absent")
    if stat.S_ISLNK(info.st_mode):
        return Found("link", target=str(path.readlink()))
    if not stat.S_ISREG(info.st_mode):
        return Found("other")
    return Found("file", path.read_bytes(), "", info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode))


def identity(wanted: Wanted) -> tuple[int, int]:
    """Return the numeric owner and group of a file.

    Raises
    ------
    KeyError
        When the user or the group does not exist on this host.
    """
    return pwd.getpwnam(wanted.owner).pw_uid, grp.getgrnam(wanted.group).gr_gid


def compare(wanted: Wanted, found: Found) -> list[str]:
    """Return in which respects a path differs; an empty list means nothing to do."""
    if wanted.state == "absent":
        return [] if found.kind == "absent" else ["removed"]
    if wanted.state == "link":
        return [] if found.kind == "link" and found.target == wanted.target else [f"link to {wanted.target}"]
    if found.kind != "file":
        return ["new"]
    reasons = ["content"] if found.content != wanted.content else []
    try:
        same_owner = (found.uid, found.gid) == identity(wanted)
    except KeyError:
        same_owner = False
    if not same_owner:
        reasons.append(f"owner {wanted.owner}:{wanted.group}")
    if found.mode != wanted.mode:
        reasons.append(f"mode {wanted.mode:04o}")
    return reasons


def describe(change: Change) -> dict[str, str]:
    """Return one entry of Ansible's diff; a secret's content never enters it."""
    wanted, found = change.wanted, change.found
    before = {"file": found.content, "link": f"-> {found.target}\n".encode()}.get(found.kind, b"")
    after = {"file": wanted.content, "link": f"-> {wanted.target}\n".encode()}.get(wanted.state, b"")
    name = f"/{wanted.path} ({', '.join(change.reasons)})"
    if wanted.secret:
        return {"before_header": name, "after_header": name, "before": "", "after": HIDDEN}
    return {"before_header": name, "after_header": name, "before": _text(before), "after": _text(after)}


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"(binary, {len(content)} bytes)\n"


class RoleTree:
    """The files of one role on a host, below ``root``, and the commands that they need.

    Parameters
    ----------
    run:
        Runs a command, returns exit code, output and errors.
    role:
        Role whose files are placed: names the record of unfinished work.
    check:
        Only report; nothing below ``root`` is changed.
    root:
        Folder that stands for ``/``; another one in tests.
    state:
        Folder of the records of unfinished work.
    """

    def __init__(
        self, run: Run, role: str, *, check: bool = False, root: str = "/", state: str = "/var/lib/conclave/tree"
    ) -> None:
        self.run = run
        self.role = role
        self.check = check
        self.root = Path(root)
        self.record = Path(state) / f"{role}.json"
        self.remarks: list[str] = []

    def at(self, path: str) -> Path:
        """Return the real path of a path of the tree."""
        return self.root / path

    # Unfinished work: what a run that is killed between "file replaced" and "service restarted" would otherwise forget.

    def unfinished(self) -> dict[str, Any]:
        """Return what an interrupted run left to do: ``notify`` (handlers) and ``apply`` (paths)."""
        try:
            loaded: dict[str, Any] = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return {"notify": [], "apply": []}
        return loaded

    def remember(self, run_id: str, notify: list[str], apply: list[str]) -> None:
        """Write down what is still to do, before it is begun; nothing to do removes the record."""
        if self.check:
            return
        if not notify and not apply:
            self.record.unlink(missing_ok=True)
            return
        self.record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.record.with_suffix(".new")
        fresh.write_text(json.dumps({"run": run_id, "notify": notify, "apply": apply}))
        fresh.replace(self.record)

    # Changing.

    def changes(self, wanted: list[Wanted]) -> list[Change]:
        """Return the paths that differ from what is wanted.

        Raises
        ------
        TreeError
            When a folder or a device stands where a file belongs.
        """
        result = []
        for item in [*wanted, *self._strangers(wanted)]:
            if item.state in {"exclusive", "initial", "whole"}:
                continue
            found = look(self.at(item.path))
            if found.kind == "other":
                raise TreeError(f"/{item.path} is neither a file nor a link; move it away, then deploy again")
            reasons = compare(item, found)
            if reasons:
                result.append(Change(item, found, reasons))
        return result

    def _strangers(self, wanted: list[Wanted]) -> list[Wanted]:
        known = {item.path for item in wanted}
        strangers = []
        for item in (item for item in wanted if item.state == "exclusive"):
            folder = self.at(item.path)
            present = sorted(folder.iterdir()) if folder.is_dir() else []
            paths = [f"{item.path}/{path.name}" for path in present if path.is_symlink() or not path.is_dir()]
            strangers += [Wanted(path, "absent", notify=item.notify) for path in paths if path not in known]
        return strangers

    def place(self, changes: list[Change]) -> None:
        """Stage, validate, replace; either all of the changes happen or none.

        Raises
        ------
        TreeError
            When a validation refuses a file, with nothing replaced.
        """
        try:
            for change in changes:
                self._stage(change)
            for change in changes:
                if change.wanted.validate:
                    self._validate(change, change.staged)
            if self.check:
                return
            self._replace(changes)
        finally:
            for change in changes:
                for path in (change.staged, change.kept):
                    if path:
                        path.unlink(missing_ok=True)

    def stop(self, changes: list[Change]) -> None:
        """Stop and disable the units whose files go: systemd keeps what runs, and what it was told to start."""
        gone = [
            change.wanted.path.removeprefix(UNIT_FOLDERS[0])
            for change in changes
            if change.wanted.state == "absent" and change.wanted.path.startswith(UNIT_FOLDERS[0])
        ]
        units = [name for name in gone if "/" not in name and name.endswith(UNITS)]
        if units:
            self.command("systemctl", "disable", "--now", *units)

    def _stage(self, change: Change) -> None:
        wanted = change.wanted
        place = self.at(wanted.path)
        if not self.check:
            # What a killed run left.
            for stale in place.parent.glob(f"{STAGED}????????-{glob.escape(place.name)}"):
                stale.unlink()
        if wanted.state == "absent":
            return
        if self.check and (not place.parent.is_dir() or not wanted.validate):
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, staged = tempfile.mkstemp(prefix=STAGED, suffix=f"-{place.name}", dir=place.parent)
        change.staged = Path(staged)
        with os.fdopen(descriptor, "wb") as file:
            if wanted.state == "file":
                self._fill(file.fileno(), wanted)
                file.write(wanted.content)
                file.flush()
                if not self.check:
                    os.fsync(file.fileno())
        if wanted.state == "link":
            change.staged.unlink()
            change.staged.symlink_to(wanted.target)

    def _fill(self, descriptor: int, wanted: Wanted) -> None:
        """Give a staged file its owner and mode before it holds anything."""
        try:
            os.fchown(descriptor, *identity(wanted))
        except KeyError as error:
            if not self.check:
                raise TreeError(
                    f"/{wanted.path} belongs to {wanted.owner}:{wanted.group}, which this host does not have; "
                    "name it in the role's sysusers.d file or install the package that makes it"
                ) from error
        os.fchmod(descriptor, wanted.mode)

    def _validate(self, change: Change, path: Path | None) -> None:
        wanted = change.wanted
        if path is None:
            self.remarks.append(f"/{wanted.path}: not validated, its folder does not exist yet")
            return
        command = shlex.split(wanted.validate.replace("%s", shlex.quote(str(path))))
        code, out, err = self.run(command)
        if code == 0:
            return
        if self.check and (code == PROGRAM_MISSING or not self._known(wanted)):
            self.remarks.append(f"/{wanted.path}: not validated, {command[0]} or its user is not installed yet")
            return
        shown = wanted.validate.replace("%s", f"/{wanted.path}")
        said = (err.strip() or out.strip() or "nothing").replace(str(path), f"/{wanted.path}")
        said = HIDDEN.strip() if wanted.secret else said
        raise TreeError(
            f"/{wanted.path} was refused by `{shown}` (exit {code}):\n{said}\n"
            f"No file of the role {self.role} was replaced. "
            "Correct the role's variables or its template, then deploy again."
        )

    def _validate_all(self, command: str) -> None:
        code, out, err = self.run(shlex.split(command))
        if code != 0:
            raise TreeError(
                f"the files of the role {self.role} were refused by `{command}` (exit {code}):\n"
                f"{err.strip() or out.strip() or 'nothing'}\nThe old files were put back. "
                "Correct the role's variables or its templates, then deploy again."
            )

    @staticmethod
    def _known(wanted: Wanted) -> bool:
        try:
            identity(wanted)
        except KeyError:
            return False
        return True

    def _replace(self, changes: list[Change]) -> None:
        done: list[Change] = []
        for change in changes:
            self._keep(change)
        try:
            for change in changes:
                place = self.at(change.wanted.path)
                # Noted first: a step that fails half-way is undone too.
                done.append(change)
                if change.staged is None:
                    place.unlink()
                else:
                    change.staged.replace(place)
                    change.staged = None
            for command in dict.fromkeys(change.wanted.validate_all for change in changes):
                if command:
                    self._validate_all(command)
        except BaseException:
            for change in reversed(done):
                self._restore(change)
            raise

    def _keep(self, change: Change) -> None:
        """Give what is at a path a second name: putting it back then needs no room on a disk that is full by then."""
        if change.found.kind == "absent":
            return
        place = self.at(change.wanted.path)
        kept = place.parent / f"{STAGED}{secrets.token_hex(4)}-{place.name}"
        os.link(place, kept, follow_symlinks=False)
        change.kept = kept

    def _restore(self, change: Change) -> None:
        place = self.at(change.wanted.path)
        if change.kept:
            # Where nothing was replaced yet both are the same file, and stay two names (rename(2)).
            change.kept.replace(place)
        else:
            place.unlink(missing_ok=True)

    def begin(self, wanted: list[Wanted]) -> list[str]:
        """Make what a host's first life needs; return the paths that were missing.

        Raises
        ------
        TreeError
            When a command fails, or does not make its path.
        """
        lacking = [item for item in wanted if item.state == "initial" and look(self.at(item.path)).kind == "absent"]
        for item in lacking:
            self.command(*shlex.split(item.command))
            if not self.check and look(self.at(item.path)).kind == "absent":
                raise TreeError(f"`{item.command}` ended well, but /{item.path} is not there; look at its output")
        return [item.path for item in lacking]

    def command(self, *argv: str) -> None:
        """Run a command that must succeed; in check mode do nothing.

        Raises
        ------
        TreeError
            When it fails.
        """
        if self.check:
            return
        code, out, err = self.run(list(argv))
        if code != 0:
            raise TreeError(f"`{shlex.join(argv)}` failed (exit {code}):\n{err.strip() or out.strip()}")


def early(path: str) -> str:
    """Return the command that applies a file which other files depend on, or an empty string."""
    if path.startswith(("usr/lib/sysusers.d/", "etc/sysusers.d/")):
        return "systemd-sysusers"
    if path.startswith(("usr/lib/tmpfiles.d/", "etc/tmpfiles.d/")):
        return "systemd-tmpfiles"
    return ""
