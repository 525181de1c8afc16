"""What the checks of drift ask a host is tried on this machine, with a folder in the place of a host's files."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from plugins.module_utils import conclave_tree_kernel

from conclave import placed

if TYPE_CHECKING:
    from pathlib import Path

drift: Any = importlib.import_module("drift")
check_drift: Any = importlib.import_module("check_drift")
firewall: Any = importlib.import_module("firewall")


def look(*files: Path) -> dict[str, Any]:
    argv = [sys.executable, "-I", "-S", "-c", drift.LOOK]
    done = subprocess.run(
        argv, input=json.dumps([str(file) for file in files]), capture_output=True, text=True, check=True
    )
    return {path.rpartition("/")[2]: found for path, found in json.loads(done.stdout).items()}


def test_a_host_says_what_is_at_each_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o4640)
    (tmp_path / "link").symlink_to("/dev/null")
    found = look(tmp_path / "file", tmp_path / "link", tmp_path, tmp_path / "gone")
    assert (found["file"]["sha256"], found["file"]["mode"]) == (hashlib.sha256(b"x").hexdigest(), "4640")
    assert found["link"] == {"kind": "link", "target": "/dev/null"}
    assert found["gone"] == {"kind": "absent"}
    assert found[tmp_path.name] == {"kind": "other"}


class Here:
    """The machine of the test in the place of a host; what systemd would say of drop-ins is given."""

    mode = "open"

    def __init__(self, drop_ins: str = "") -> None:
        self.drop_ins = drop_ins
        self.asked: list[str] = []

    def json(self, _command: str, script: str, stdin: str) -> Any:  # noqa: ANN401 - whatever the script prints
        argv = [sys.executable, "-I", "-S", "-c", script]
        return json.loads(subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout)

    def read(self, command: str, *units: str) -> str:
        self.asked.append(command % units)
        return self.drop_ins


def placed_below(folder: Path, *names: str, units: dict[str, str] | None = None) -> placed.Placed:
    """Return a record of files in a folder that a service reads as a whole."""
    one = placed.PlacedFile(sha256="0", owner="root", group="root", mode="0644")
    role = placed.PlacedRole(files=dict.fromkeys((*(f"{folder}/{name}" for name in names), *(units or {})), one))
    role.folders.append(str(folder))
    return placed.Placed(roles={"nginx": role})


def test_what_nobody_has_placed_in_a_folder_of_a_service_is_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "http").mkdir()
    for name in ("http/ours.conf", "http/theirs.conf"):
        (tmp_path / name).write_text("")
    # As Debian's nginx modules are switched on; and a package's setting, which nobody but a role may switch on.
    (tmp_path / "module.conf").symlink_to("/usr/bin/dpkg")
    (tmp_path / "setting.conf").symlink_to("/etc/debian_version")
    (tmp_path / "folder").symlink_to("/usr")
    monkeypatch.setattr(drift, "placed_on", lambda _host: placed_below(tmp_path, "http/ours.conf"))
    folders, found = drift.strangers(Here())
    assert folders == [str(tmp_path)]
    assert found == [f"{tmp_path}/folder", f"{tmp_path}/http/theirs.conf", f"{tmp_path}/setting.conf"]


def test_a_drop_in_of_a_unit_that_does_not_run_is_a_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "/etc/systemd/system"
    ours = {f"{folder}/{name}": "" for name in ("a.timer", "b@.service", "c.service.d/conclave.conf")}
    ours |= {"/etc/conclave/mode/isolated/c.service/etc/c/mode.conf": "", "/etc/conclave/mode/cut.nft": ""}
    record = placed_below(tmp_path, units=ours)
    assert list(drift.of_modes(record).values()) == [("isolated", "/etc/c/mode.conf")]
    monkeypatch.setattr(drift, "placed_on", lambda _host: record)
    host = Here(f"{folder}/a.timer.d/x.conf {folder}/c.service.d/conclave.conf /usr/bin/dpkg\n")
    assert drift.strangers(host) == ([str(tmp_path)], [f"{folder}/a.timer.d/x.conf"])
    assert host.asked == ["systemctl show -P DropInPaths a.timer"]


@pytest.mark.parametrize(
    ("live", "reasons"),
    [
        ({"kind": "file", "sha256": "a", "owner": "root", "group": "root", "mode": "0644"}, []),
        ({"kind": "file", "sha256": "b", "owner": "root", "group": "root", "mode": "0644"}, ["content"]),
        (
            {"kind": "file", "sha256": "a", "owner": "x", "group": "root", "mode": "0666"},
            ["owner x, not root", "mode 0666, not 0644"],
        ),
        ({"kind": "absent"}, ["absent, not file"]),
    ],
)
def test_a_difference_is_named(live: dict[str, str], reasons: list[str]) -> None:
    wanted = {"kind": "file", "sha256": "a", "owner": "root", "group": "root", "mode": "0644"}
    assert drift.reasons_of(wanted, live) == reasons


@pytest.mark.parametrize(
    ("key", "live", "wanted", "holds"),
    [
        ("net.ipv4.ip_forward", 0, 0, True),
        ("net.ipv4.ip_forward", 1, 0, False),
        ("kernel.kptr_restrict", 2, 2, True),
        ("kernel.unprivileged_bpf_disabled", 2, 1, True),
        ("kernel.kptr_restrict", 1, 2, False),
        ("net.core.rmem_max", 8_000_000, 5_000_000, True),
    ],
)
def test_a_stricter_setting_holds(key: str, live: int, wanted: int, *, holds: bool) -> None:
    assert check_drift.holds(key, live, wanted) is holds


def test_verifications_hold_settings_to_what_deployments_do() -> None:
    assert check_drift.AT_LEAST == conclave_tree_kernel.AT_LEAST


def test_groups_of_the_product_have_the_members_that_roles_put_there() -> None:
    assert check_drift.members_of("conclave-tls", {"root"}) >= {"conclave-portal", "postgres"}
    assert "root" not in check_drift.members_of("conclave-tls", {"root"})
    assert check_drift.members_of("sudo", {"root", "alice"}) == {"root", "alice"}
    assert check_drift.members_of("audio", {"root"}) is None


def test_a_key_is_known_by_itself_whatever_stands_around_it() -> None:
    known, other = "AAAAC3NzaC1lZDI1NTE5AAAAIAAB", "AAAAC3NzaC1lZDI1NTE5AAAAIAAC"
    rows = ["# a comment", "", f'from="192.0.2.1",no-pty ssh-ed25519 {known} one', f"ssh-ed25519 {other} two"]
    rows += [f"# ssh-ed25519 {other} switched off"]
    trusted = {base64.b64decode(known)}
    assert check_drift.unknown_keys({"root /x": rows}, trusted) == [("root /x", rows[3])]


def test_a_foreign_table_is_named_with_what_it_refuses() -> None:
    script = (
        "add table ip theirs; add chain ip theirs in { type filter hook input priority 0; policy drop; };"
        " add rule ip theirs in tcp dport 443 drop; add rule ip theirs in tcp dport 22 accept; add table inet conclave"
    )
    argv = ["unshare", "-r", "-n", "sh", "-c", 'nft "$0" && nft -j list ruleset', script]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    every = [entry for entry in json.loads(done.stdout)["nftables"] if "metainfo" not in entry]
    assert firewall.refusals(every, "ip theirs") == ["drops all that input does not accept", "refuses in in port 443"]
    assert firewall.refusals(every, "inet conclave") == []
