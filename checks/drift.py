"""How checks compare a host with what the control node has placed there, and with what it knows of packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conclave import placed
from conclave.catalog import Catalog
from conclave.contents import LEFT_OUT
from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.contents import PackageContents
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
# Each installed package, the SHA-256 of its list of checksums, and the files that are not as it says; and the SHA-256
# of the paths that are asked for. Nothing is taken from dpkg but which packages there are: it believes its own files.
PACKED = """
import hashlib, json, os, subprocess, sys
asked = json.load(sys.stdin)
root, skip = asked.get("root", ""), tuple(asked["skip"])
folder = root + "/var/lib/dpkg/info"
def digest(path, kind):
    try:
        with open(root + path, "rb") as file:
            return hashlib.file_digest(file, kind).hexdigest()
    except OSError:
        return ""
def differing(file):
    with open(file, errors="surrogateescape") as rows:
        pairs = [(row[:32], "/" + row[34:].rstrip("\\n")) for row in rows if row.strip()]
    found = [(path, want, digest(path, "md5")) for want, path in pairs if not path.startswith(skip)]
    return [(path, not seen) for path, want, seen in found if seen != want]
query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", "--showformat"]
query.append("${db:Status-Status} ${Package} ${Architecture} ${Version}\\n")
packages = {}
for row in subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines():
    status, name, architecture, *version = row.split()
    if status not in ("not-installed", "config-files"):
        one = packages.setdefault(name, {"version": "".join(version), "lists": [], "changed": []})
        for file in (f"{folder}/{name}.md5sums", f"{folder}/{name}:{architecture}.md5sums"):
            if os.path.exists(file):
                one["lists"].append(digest(file[len(root):], "sha256"))
                one["changed"] += differing(file)
print(json.dumps({"packages": packages, "files": {path: digest(path, "sha256") for path in asked["paths"]}}))
"""
MODES = "/etc/conclave/mode/"
UNITS = "/etc/systemd/system/"
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


def changed_package_files(host: Host, others: Iterable[str]) -> tuple[int, list[str]]:
    """Return how many packages were looked at, and what of them is not as the control node knows it.

    Parameters
    ----------
    others:
        Packages that are no matter of the depot, and named elsewhere.
    """
    known = placed_on(host)
    contents = placed.contents(host.site.name, host.name, known).packages
    ours = {*known.files, *known.links, *known.absent}
    whole = {path for package in contents.values() for path in (*package.files, *package.conffiles)}
    asked = {"skip": LEFT_OUT, "paths": sorted(path for path in whole - ours if looked_at(path))}
    found = host.json("/usr/bin/python3 -c %s", PACKED, stdin=json.dumps(asked))
    return len(found["packages"]), spoiled(contents, found, {*known.packages}, {*others}, ours)


def spoiled(
    contents: dict[str, PackageContents], found: dict[str, Any], wanted: set[str], others: set[str], ours: set[str]
) -> list[str]:
    """Return what a host has said that is not as the packages were packed; ``ours`` are files that roles place."""
    there: dict[str, dict[str, Any]] = found["packages"]
    wrong = [f"{name} (not installed)" for name in sorted((wanted & set(contents)) - set(there))]
    conffiles = {path for package in contents.values() for path in package.conffiles}
    for name, seen in there.items():
        if name in others:
            continue
        if name not in contents:
            wrong.append(f"{name} (no package of the release)")
            continue
        package = contents[name]
        if seen["version"] != package.version:
            wrong.append(f"{name} {seen['version']} (not {package.version})")
            continue
        if package.md5sums and set(seen["lists"]) != {package.md5sums}:
            wrong.append(f"/var/lib/dpkg/info/{name}.md5sums (checksums of {name})")
        for path, sha256 in (package.files | package.conffiles).items():
            if path not in ours and looked_at(path) and found["files"][path] != sha256:
                wrong.append(f"{path} of {name}{'' if found['files'][path] else ' (missing)'}")
        if package.md5sums:
            wrong += [
                f"{path} of {name}{' (missing)' if missing else ''}"
                for path, missing in seen["changed"]
                if path not in ours and path not in conffiles
            ]
    return wrong


def looked_at(path: str) -> bool:
    """Say whether a file is part of what the product promises: packages' settings are, below some folders."""
    return not path.startswith(LEFT_OUT) and (not path.startswith("/etc/") or path.startswith(SETTINGS))


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
