"""What AppArmor does on a host: of the standard library alone, sent there and run by any Python 3.11 or later.

Called as `python3 -c SOURCE`; prints JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

PROFILES, POLICY = Path("/etc/apparmor.d"), Path("/sys/kernel/security/apparmor")
ENABLED = Path("/sys/module/apparmor/parameters/enabled")
# Where denials stand: auditd takes them from the journal.
AUDIT_LOG = Path("/var/log/audit/audit.log")
# As the kernel writes it: msg=audit(1764435600.123:45) or audit(1764435600.123:45).
RECORD = re.compile(r'audit\((?P<seconds>\d+\.\d+):\d+\).*apparmor="DENIED".*?profile="(?P<profile>[^"]+)"')
# A process's start is known to a hundredth of a second.
CLOCK = 0.02
DETAIL = re.compile(r'(?:operation|name|capname|requested_mask)="[^"]*"')


def look() -> dict[str, object]:
    """Return what a check needs.

    Returns
    -------
    dict
        ``enabled``; ``container``: the kernel is not the host's; ``expected``: profiles that installed packages bring;
        ``loaded``: those in force and their modes; ``outside``: programs that run outside of their profile;
        ``denied``: what an expected profile has denied since its program was started.
    """
    enabled = ENABLED.is_file() and ENABLED.read_text(encoding="ascii").startswith("Y")
    container = subprocess.run(["systemd-detect-virt", "--quiet", "--container"], check=False).returncode == 0
    seen: dict[str, object] = {"enabled": enabled, "container": container}
    if not enabled:
        return seen
    expected = _expected()
    running = _running()
    return seen | {
        "expected": sorted(expected),
        "loaded": {name: mode for name, mode in _loaded().items() if name in expected},
        "outside": _outside(running, expected),
        "denied": _denied(running, expected),
    }


def _expected() -> set[str]:
    """Return the names of the profiles that packages bring, less those of applications, which are apparmor's own."""
    files = [str(path) for path in PROFILES.iterdir() if path.is_file()]
    owners = subprocess.run(["dpkg-query", "--search", *files], capture_output=True, text=True, check=False)
    pairs = (row.split(": ", 1) for row in owners.stdout.splitlines() if ": " in row)
    chosen = [path for owner, path in pairs if owner not in {"apparmor", "apparmor-profiles"}]
    if not chosen:
        return set()
    names = subprocess.run(["apparmor_parser", "--names", *chosen], capture_output=True, text=True, check=True)
    return set(names.stdout.split("\n")) - {""}


def _loaded() -> dict[str, str]:
    rows = (POLICY / "profiles").read_text(encoding="utf-8").splitlines()
    return {name: mode.rstrip(")") for name, _, mode in (row.rpartition(" (") for row in rows)}


def _running() -> list[tuple[str, str, float]]:
    """Return program, profile and start (seconds since 1970) of every process."""
    now, up = time.time(), float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        # It may end while it is looked at; the kernel's own have no program.
        with contextlib.suppress(OSError):
            program = str((process / "exe").readlink())
            own = process / "attr/apparmor/current"
            said = (own if own.exists() else process / "attr/current").read_text(encoding="utf-8")
            label = said.strip("\0\n").rpartition(" (")
            started = int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]) / ticks
            found.append((program, label[0] or label[2], now - up + started))
    return found


def _outside(running: list[tuple[str, str, float]], expected: set[str]) -> list[str]:
    programs = {}
    for folder in (POLICY / "policy/profiles").iterdir():
        name = (folder / "name").read_text(encoding="utf-8").strip()
        with contextlib.suppress(OSError):
            if name in expected:
                programs[(folder / "attach").read_text(encoding="utf-8").strip()] = name
    return sorted({program for program, label, _ in running if program in programs and label == "unconfined"})


def _denied(running: list[tuple[str, str, float]], expected: set[str]) -> list[str]:
    """Return the denials that still hold: an earlier one of the same profile is gone with the process that met it."""
    since: dict[str, float] = {}
    for _, label, started in running:
        since[label] = min(since.get(label, started), started)
    found = []
    for row in _records():
        record = RECORD.search(row)
        if (
            record
            and record["profile"] in expected
            and float(record["seconds"]) >= since.get(record["profile"], 0) - CLOCK
        ):
            found.append(f"{record['profile']}: {' '.join(DETAIL.findall(row))}")
    return sorted(set(found))


def _records() -> list[str]:
    words = ["journalctl", "--boot", "--output=json", "--no-pager", '--grep=apparmor="DENIED"']
    rows = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    entries = [json.loads(row) for row in rows]
    # From the audit socket the message comes without its time; of either kind, only the kernel's own words count.
    texts = [
        f"audit({int(entry['__REALTIME_TIMESTAMP']) / 1e6:.3f}:0) {entry['MESSAGE']}"
        for entry in entries
        if entry.get("_TRANSPORT") in {"kernel", "audit"}
    ]
    if AUDIT_LOG.is_file():
        booted = time.time() - float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        for row in AUDIT_LOG.read_text(encoding="utf-8", errors="replace").splitlines():
            record = RECORD.search(row)
            if record and float(record["seconds"]) >= booted:
                texts.append(row)
    return texts


if __name__ == "__main__":
    print(json.dumps(look()))  # noqa: T201 (the answer)
