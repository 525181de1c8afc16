"""How breakers change a host and put it back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.places import Host

KEPT = "/run/conclave-breaker"
# As the kernel does when memory is short. The whole unit would be killed by its control group, and with it what systemd
# starts there to clean up (ExecStopPost): seen with systemd 257 on Linux 6.18.
KILL_SFU = "systemctl kill --kill-whom=main --signal=KILL conclave-livekit.service"
# Killed, because a polite stop waits for running meetings.
RESTART_SFU = f"{KILL_SFU}; systemctl restart conclave-livekit.service"
# Edits a file in place; ends with an error when the pattern is not there, for then nothing would be broken.
EDIT = """
import pathlib, re, sys
path, pattern, text = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
after, count = re.subn(pattern, lambda found: found.expand(text), path.read_text(), flags=re.M)
if not count:
    sys.exit(f"{path} has nothing like {pattern}")
path.write_text(after)
"""


@contextlib.contextmanager
def edited(host: Host, path: str, pattern: str, text: str, *, then: str) -> Iterator[None]:
    """Replace every match of a regular expression in a file, run `then`, and undo both at the end."""
    copy = f"{KEPT}/{path.strip('/').replace('/', '-')}"
    host.read(f"mkdir -p -m 0700 {KEPT} && cp -a %s %s", path, copy)
    try:
        host.read("/usr/bin/python3 -c %s %s %s %s", EDIT, path, pattern, text)
        host.read(then)
        yield
    finally:
        host.read("cp -a %s %s && rm %s", copy, path, copy)
        host.read(then)


@contextlib.contextmanager
def added(host: Host, path: str, content: str, *, then: str = "true") -> Iterator[None]:
    """Put a file on a host, run `then`, and undo both at the end."""
    try:
        host.read("printf '%%s' %s > %s", content, path)
        host.read(then)
        yield
    finally:
        host.read("rm -f %s", path)
        host.read(then)


@contextlib.contextmanager
def rule(host: Host, chain: str, text: str) -> Iterator[None]:
    """Put a rule before all others of a chain; the staged rules come back at the end."""
    host.read(f"nft insert rule inet conclave {chain} %s", text)
    try:
        yield
    finally:
        host.read("systemctl reload conclave-firewall.service")


@contextlib.contextmanager
def done(host: Host, change: str, undo: str) -> Iterator[None]:
    """Run a command, and its opposite at the end."""
    host.read(change)
    try:
        yield
    finally:
        host.read(undo)


@contextlib.contextmanager
def tampered(host: Host, package: str, path: str, text: str) -> Iterator[None]:
    """Append a line to a file of a package and let dpkg's own list of checksums speak for it; undo both at the end."""
    sums = f"/var/lib/dpkg/info/{package}.md5sums"
    undo = f'file={path}; mv {KEPT}/tampered "$file"; mv {KEPT}/md5sums {sums}'
    change = f"""set -e
file={path}; mkdir -p -m 0700 {KEPT}
cp -a "$file" {KEPT}/tampered; cp -a {sums} {KEPT}/md5sums
echo '{text}' >> "$file"
sum=$(md5sum < "$file" | cut -c-32)
sed -i "s#^[0-9a-f]*  ${{file#/}}\\$#$sum  ${{file#/}}#" {sums}
if dpkg --verify {package} | grep -F "$file" >&2; then {undo}; exit 1; fi"""
    with done(host, change, undo):
        yield
