"""Drift: what a host has become since it was deployed. The reference is the control node's, never the host's."""

from __future__ import annotations

import re
import secrets as random
from typing import TYPE_CHECKING, Any

import drift

from conclave import paths
from conclave.catalog import Catalog
from conclave.remote.transport import offered
from conclave.site import administrators, software
from conclave.verify import control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.verify.places import Host

# Programs that Debian ships with the rights of another account. One that is not in it is no program of this system.
PRIVILEGED = frozenset(
    """
    at bsd-write chage chfn chsh crontab dbus-daemon-launch-helper dotlockfile exim4 expiry fusermount3 gpasswd mount
    mount.cifs mount.nfs newgidmap newgrp newuidmap ntfs-3g passwd pkexec plocate polkit-agent-helper-1 postdrop
    postqueue pppd screen ssh-agent ssh-keysign su sudo umount unix_chkpwd utempter wall write write.ul
    """.split()  # noqa: SIM905 - forty words read better in lines than in a list
)
SETUID = (
    r"find / \( -fstype proc -o -fstype sysfs -o -fstype nfs -o -fstype nfs4 -o -fstype cifs \) -prune"
    r" -o -type f -perm /6000 -print"
)
# Accounts, groups and keys as the host's own tools see them.
ACCOUNTS = r"""
import grp, json, os, pathlib, pwd, subprocess
users = pwd.getpwall()
found = {"uid0": [u.pw_name for u in users if u.pw_uid == 0], "groups": {}, "keys": {}, "sudo": [], "without": []}
for group in grp.getgrall():
    main = [u.pw_name for u in users if u.pw_gid == group.gr_gid]
    found["groups"][group.gr_name] = sorted({*group.gr_mem, *main})
def said(*command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
settings = dict(row.split(" ", 1) for row in said("sshd", "-T").splitlines() if " " in row)
for user in users:
    shell = not user.pw_shell.endswith(("nologin", "false", "sync"))
    for pattern in settings.get("authorizedkeysfile", ".ssh/authorized_keys").split():
        path = pathlib.Path(user.pw_dir, pattern.replace("%h", user.pw_dir).replace("%u", user.pw_name))
        if path.is_file():
            found["keys"].setdefault(f"{user.pw_name} {path}", path.read_text(errors="replace").splitlines())
    if shell and user.pw_uid:
        try:
            able = "may run the following" in said("sudo", "-n", "-l", "-U", user.pw_name)
        except OSError:
            able = False
        found["sudo"] += [user.pw_name] if able else []
for row in pathlib.Path("/etc/shadow").read_text().splitlines():
    name, password = row.split(":")[:2]
    if password == "":
        found["without"].append(name)
found["command"] = settings.get("authorizedkeyscommand", "none")
found["authorities"] = settings.get("trustedusercakeys", "none")
print(json.dumps(found))
"""
# A group that makes its members root, or lets them read what the product protects.
POWERFUL = {"root", "sudo", "wheel", "docker", "lxd", "libvirt", "incus", "disk", "shadow", "kmem"}
MEMBER = re.compile(r"^m\s+(?P<user>\S+)\s+(?P<group>\S+)", re.MULTILINE)
OWN = re.compile(r"^[ug]!?\s+(?P<name>\S+)", re.MULTILINE)
KEY = re.compile(r"\b((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+)")
SETTING = re.compile(r"^-?(?P<key>[a-z0-9._]+) = (?P<value>\d+)$", re.MULTILINE)
# A larger number is stricter, or more room.
AT_LEAST = ("kernel.", "fs.protected_", "net.core.")


@control("CFG-01")
def test_files_are_those_that_the_control_node_placed(host: Host, observe: Callable[..., None]) -> None:
    """Content, owner and mode of every file of a role; links; and that what a role took away is gone.

    What a service reads beside them, because it lies in the same folder, is named too.
    """
    looked, changed = drift.changed_placed_files(host)
    folders, strangers = drift.strangers(host)
    observe(files=looked, changed=changed, folders=folders, strangers=strangers)
    assert looked, "no role has placed a file here"
    assert not changed, f"not as deployed: {', '.join(changed[:10])}; do: conclave deploy"
    assert folders, "what services read beside these files is not known; do: conclave deploy"
    assert not strangers, (
        f"neither a role nor a package has placed {', '.join(strangers[:10])}, which a service reads; "
        "do: move it away, then restart the service"
    )


@control("SYS-11")
def test_kernel_settings_in_force_are_those_deployed(host: Host, observe: Callable[..., None]) -> None:
    """The values that the roles set; a container has those of its network only, the rest are its host's."""
    contained = host.run("systemd-detect-virt --container --quiet").status == 0
    wanted = {
        key: value
        for key, value in _settings(host).items()
        if not contained or key.startswith(("net.ipv4", "net.ipv6"))
    }
    rows = host.run("sysctl %s" % " ".join(wanted)).out.splitlines()  # noqa: UP031 - keys of the project's own files
    live = {key.strip(): value.strip() for key, _, value in (row.partition("=") for row in rows)}
    observe(settings=live, of_a_container=contained)
    assert live, "no kernel setting could be read"
    wrong = [
        f"{key} is {live[key]}, not {value}"
        for key, value in wanted.items()
        if key in live and not holds(key, int(live[key]), value)
    ]
    assert not wrong, f"{', '.join(wrong)}; do: conclave deploy"


def _settings(host: Host) -> dict[str, int]:
    """Return the kernel settings of a host's roles, those of the later file in the place of the earlier."""
    folder = paths.project_root() / "roles"
    roles = software.with_needed(software.roles(host.site.host_named(host.name), Catalog.load()))
    files = [file for role in roles for file in (folder / role / "tree/etc/sysctl.d").glob("*.j2")]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]
    return {found["key"]: int(found["value"]) for text in texts for found in SETTING.finditer(text)}


def holds(key: str, live: int, wanted: int) -> bool:
    return live >= wanted if key.startswith(AT_LEAST) else live == wanted


@control("SYS-10")
def test_programs_with_other_rights_are_those_of_the_system(host: Host, observe: Callable[..., None]) -> None:
    """Every program that runs with the rights of another account belongs to a package and is known to need them."""
    found = host.run(SETUID).out.splitlines()
    observe(programs=found)
    assert found, "no such program was found, not even passwd"
    unknown = [path for path in found if path.rpartition("/")[2] not in PRIVILEGED]
    strange = sorted({*unknown, *drift.of_nobody(host, found)})
    assert not strange, f"runs with the rights of its owner: {', '.join(strange)}"


@control("ADM-03")
def test_accounts_and_keys_are_those_declared(host: Host, observe: Callable[..., None]) -> None:
    """Who is root, may become root, belongs to a group of the product, or has a key: nobody but those declared."""
    found: dict[str, Any] = host.json("/usr/bin/python3 -c %s", ACCOUNTS)
    declared = administrators.load(host.site)
    login = host.site.host_named(host.name).login
    trusted = {*declared.blobs, *offered(login)}
    admins = {"root", login.user, *declared.accounts}
    strangers = {f"{row.split()[-1]} of {place.split()[0]}" for place, row in unknown_keys(found["keys"], trusted)}
    observe(
        root=found["uid0"],
        may_become_root=found["sudo"],
        keys={place: len(rows) for place, rows in found["keys"].items()},
        declared=sorted(admins),
    )
    wrong = [f"{name} has uid 0" for name in found["uid0"] if name != "root"]
    wrong += [f"{name} may become root" for name in found["sudo"] if name not in admins]
    wrong += [f"{name} needs no password" for name in found["without"]]
    for group, members in found["groups"].items():
        allowed = members_of(group, admins)
        if allowed is not None:
            wrong += [f"{name} is in {group}" for name in members if name not in allowed]
    wrong += [f"an unknown key, {one}" for one in sorted(strangers)]
    wrong += [f"sshd asks {found['command']} for keys"] if found["command"] != "none" else []
    wrong += [f"sshd trusts the authorities of {found['authorities']}"] if found["authorities"] != "none" else []
    todo = f"remove them, or declare them in {administrators.file(host.site)}"
    assert not wrong, f"{'; '.join(wrong[:8])}; {todo}"


def unknown_keys(keys: dict[str, list[str]], trusted: set[bytes]) -> list[tuple[str, str]]:
    known = {administrators.text(blob) for blob in trusted}
    return [
        (place, row)
        for place, rows in keys.items()
        for row in rows
        if (found := KEY.search(row)) and not row.lstrip().startswith("#") and found[1].split()[1] not in known
    ]


def members_of(group: str, admins: set[str]) -> set[str] | None:
    """Return who may belong to a group: whom the roles put there, or administrators; None where anybody may."""
    texts = [
        file.read_text(encoding="utf-8") for file in paths.project_root().glob("roles/*/tree/usr/lib/sysusers.d/*.conf")
    ]
    own = {found["name"] for text in texts for found in OWN.finditer(text)}
    if group in own:
        placed = {found["user"] for text in texts for found in MEMBER.finditer(text) if found["group"] == group}
        return placed | {group}
    return admins if group in POWERFUL else None


@control("LOG-08")
def test_the_journal_is_kept(host: Host, observe: Callable[..., None]) -> None:
    """What is logged now is found on the disk, and the settings that hold from the next start on keep it there, too."""
    token = f"verified {random.token_hex(8)}"
    host.read("logger --tag conclave-verify %s && journalctl --sync", token)
    kept = host.run(
        "journalctl --directory /var/log/journal --quiet --output cat --identifier conclave-verify -n 20"
    ).out
    rows = host.read("systemd-analyze cat-config systemd/journald.conf").splitlines()
    said = [row.partition("=")[2].strip() for row in rows if row.strip().startswith("Storage=")]
    observe(storage=said[-1:], found_on_disk=token in kept)
    assert said[-1:] == ["persistent"], f"journald.conf says Storage={said[-1] if said else 'nothing'}, not persistent"
    assert token in kept, "what was logged a moment ago is not in /var/log/journal"
