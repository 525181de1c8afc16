"""How checks compare a host with what the control node has placed there, and with what its packages hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conclave import placed
from conclave.catalog import Catalog
from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.verify.places import Host

# Says of each path what is there, without following a symbolic link.
LOOK = """
import grp, hashlib, json, os, pwd, stat, sys
def name(known, number):
    try:
        return known(number)[0]
    except KeyError:
        return str(number)
def look(path):
    try:
        state = os.lstat(path)
    except OSError:
        return {"kind": "absent"}
    if stat.S_ISLNK(state.st_mode):
        return {"kind": "link", "target": os.readlink(path)}
    if not stat.S_ISREG(state.st_mode):
        return {"kind": "other"}
    with open(path, "rb") as file:
        content = hashlib.sha256(file.read()).hexdigest()
    owner, group = name(pwd.getpwuid, state.st_uid), name(grp.getgrgid, state.st_gid)
    mode = f"{stat.S_IMODE(state.st_mode):04o}"
    return {"kind": "file", "sha256": content, "owner": owner, "group": group, "mode": mode}
print(json.dumps({path: look(path) for path in json.load(sys.stdin)}))
"""
NOBODYS = """
import json, subprocess, sys
paths = json.load(sys.stdin)
print(json.dumps([path for path in paths if subprocess.run(["dpkg", "-S", path], capture_output=True).returncode]))
"""
MODES = "/etc/conclave/mode/"
# Files that minimal systems leave out of packages on purpose.
LEFT_OUT = tuple(f"/usr/share/{name}/" for name in ("doc", "man", "locale", "info", "lintian", "bug", "doc-base"))
# Packages' own configuration below these is part of what the product promises; elsewhere administrators may set theirs.
SETTINGS = tuple(f"/etc/{name}/" for name in ("chrony", "nginx", "postgresql", "valkey", "systemd", "pam.d", "ssh"))


def placed_on(host: Host) -> placed.Placed:
    """Return what this control node has placed on a host, by the roles that it has now."""
    roles = software.roles(host.site.host_named(host.name), Catalog.load())
    return placed.load(host.site.name, host.name, software.with_needed(roles))


def changed_placed_files(host: Host) -> tuple[int, list[str]]:
    """Return how many paths were looked at, and which are not as the control node has placed them, and why."""
    known, mode = placed_on(host), host.mode
    wanted: dict[str, dict[str, Any]] = {}
    for path, file in known.files.items():
        wanted[path] = {"kind": "file", **file.model_dump()}
        # What differs by mode lies beside its place, by mode and unit; the switch copies the content.
        begin = f"{MODES}{mode}/"
        if path.startswith(begin):
            live = "/" + path.removeprefix(begin).partition("/")[2]
            wanted.setdefault(live, {"kind": "file", "sha256": file.sha256})
    wanted |= {path: {"kind": "link", "target": target} for path, target in known.links.items()}
    wanted |= {path: {"kind": "absent"} for path in known.absent}
    found = host.json("/usr/bin/python3 -c %s", LOOK, stdin=json.dumps(list(wanted)))
    changed = [
        f"{path} ({', '.join(reasons)})" for path, want in wanted.items() if (reasons := reasons_of(want, found[path]))
    ]
    return len(wanted), sorted(changed)


def reasons_of(want: dict[str, Any], found: dict[str, Any]) -> list[str]:
    if found["kind"] != want["kind"]:
        return [f"{found['kind']}, not {want['kind']}"]
    words = {"sha256": "content", "target": "target"}
    return [words.get(key, f"{key} {found[key]}, not {value}") for key, value in want.items() if found[key] != value]


def changed_package_files(host: Host) -> list[str]:
    """Return files of Debian packages that are not as they were packed, by the packages' own checksums."""
    known = placed_on(host)
    ours = {*known.files, *known.links, *known.absent}
    changed = []
    for row in host.run("dpkg --verify").out.splitlines():
        verdict, _, rest = row.partition(" ")
        kind, _, path = rest.strip().rpartition(" ")
        its_own = kind.strip() == "c" and not path.startswith(SETTINGS)
        if path not in ours and not its_own and not path.startswith(LEFT_OUT):
            changed.append(f"{path}{' (missing)' if verdict == 'missing' else ''}")
    return changed


def unknown_unit_files(host: Host, units: Iterable[str]) -> list[str]:
    """Return the files that systemd reads for these units and that neither a role nor a package has placed."""
    known = placed_on(host)
    paths = set()
    for unit in units:
        paths |= set(host.read("systemctl show -P FragmentPath -P DropInPaths %s", unit).split())
    return of_nobody(host, paths - {*known.files, *known.links})


def of_nobody(host: Host, paths: Iterable[str]) -> list[str]:
    """Return the paths that no installed package holds."""
    found: list[str] = host.json("/usr/bin/python3 -c %s", NOBODYS, stdin=json.dumps(sorted(paths)))
    return found
