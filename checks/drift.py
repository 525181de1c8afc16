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
# Every file below folders, and where a link leads; no link is followed into a folder.
BELOW = """
import json, os, sys
found = {}
for folder in json.load(sys.stdin):
    for place, folders, names in os.walk(folder):
        paths = [os.path.join(place, name) for name in [*folders, *names]]
        found |= {path: os.path.realpath(path) for path in paths if os.path.islink(path) or not os.path.isdir(path)}
print(json.dumps(found))
"""
NOBODYS = """
import json, subprocess, sys
paths = json.load(sys.stdin)
print(json.dumps([path for path in paths if subprocess.run(["dpkg", "-S", path], capture_output=True).returncode]))
"""
MODES = "/etc/conclave/mode/"
UNITS = "/etc/systemd/system/"
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
    known = placed_on(host)
    mode, switched = host.mode, of_modes(known)
    wanted: dict[str, dict[str, Any]] = {}
    for path, file in known.files.items():
        wanted[path] = {"kind": "file", **file.model_dump()}
        # What differs by mode is copied to its place by the switch.
        of_mode, live = switched.get(path, ("", ""))
        if of_mode == mode:
            wanted.setdefault(live, {"kind": "file", "sha256": file.sha256})
    wanted |= {path: {"kind": "link", "target": target} for path, target in known.links.items()}
    wanted |= {path: {"kind": "absent"} for path in known.absent}
    found = host.json("/usr/bin/python3 -c %s", LOOK, stdin=json.dumps(list(wanted)))
    changed = [
        f"{path} ({', '.join(reasons)})" for path, want in wanted.items() if (reasons := reasons_of(want, found[path]))
    ]
    return len(wanted), sorted(changed)


def of_modes(known: placed.Placed) -> dict[str, tuple[str, str]]:
    """Return the files that modes bring, each with its mode and its place: they lie by mode and unit."""
    parts = {path: path.removeprefix(MODES).split("/", 2) for path in known.files if path.startswith(MODES)}
    return {path: (part[0], f"/{part[2]}") for path, part in parts.items() if len(part) > len(("mode", "unit"))}


def strangers(host: Host) -> tuple[list[str], list[str]]:
    """Return the folders whose every file a service reads, and what neither a role nor a package has put there.

    A package may switch a part of its program on by a link into ``/usr``, as nginx's modules do. Drop-ins of the
    product's units count too.
    """
    known = placed_on(host)
    ours = {*known.files, *known.links, *(live for _, live in of_modes(known).values())}
    found: dict[str, str] = host.json("/usr/bin/python3 -c %s", BELOW, stdin=json.dumps(known.folders))
    holders = {path: target if target.startswith("/usr/") else path for path, target in found.items()}
    holders |= {path: path for path in drop_ins(host, known)}
    unknown = {path: holder for path, holder in holders.items() if path not in ours}
    nobodys = set(of_nobody(host, set(unknown.values())))
    return known.folders, sorted(path for path, holder in unknown.items() if holder in nobodys)


def drop_ins(host: Host, known: placed.Placed) -> list[str]:
    """Return the drop-ins that systemd reads for the units that roles have placed or start."""
    files = [path.removeprefix(UNITS) for path in known.files if path.rpartition("/")[0] == UNITS.rstrip("/")]
    # Nobody can ask for a template; its instances are units of their own.
    units = sorted({unit for unit in (*files, *known.units) if "@." not in unit})
    return host.read(f"systemctl show -P DropInPaths {' '.join(['%s'] * len(units))}", *units).split() if units else []


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
