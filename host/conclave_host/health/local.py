"""Checks of what this host has beside web servers: its certificate, its clock, names, database and message bus."""

from __future__ import annotations

import json
import os
import secrets
import socket
import ssl
import struct
import subprocess
from typing import TYPE_CHECKING

from conclave_host.health.answer import Answer

if TYPE_CHECKING:
    from conclave_host.settings import Settings

LOOPBACK = "127.0.0.1"
WEEK = 7 * 86400
# A and AAAA (RFC 1035, RFC 3596).
ADDRESS_RECORDS = (1, 28)
PROTECTIONS = {"data_checksums": "on", "ssl": "on", "password_encryption": "scram-sha-256"}
# Beyond it tokens of a minute and one-time codes begin to fail.
CLOCK_SECONDS = 5.0
# What is written to all the time lies in these.
DISKS = ("/", "/var")
# A tenth of a file system must be free, of a large one this much: nothing is lost yet, and there is time to look.
FREE_SHARE, FREE_ENOUGH = 0.1, 1 << 30
MIB = 1 << 20
# What runs psql must not wait for a server that hangs.
DEADLINE = 10


def certificate(settings: Settings) -> Answer:
    """Look whether this host's certificate is good for at least a week more."""
    look = ["openssl", "x509", "-in", settings.text("certificate"), "-noout", "-enddate", "-checkend", str(WEEK)]
    done = subprocess.run(look, capture_output=True, text=True, check=False)
    first = (done.stdout or done.stderr).strip().partition("\n")[0]
    return Answer(ok=done.returncode == 0, detail=first.replace("notAfter=", "good until "))


def room(_settings: Settings) -> Answer:
    """Look whether this host's disks have room, before a service has none."""
    found: dict[os.statvfs_result, str] = {}
    for path in DISKS:
        # Both are often one file system.
        found.setdefault(os.statvfs(path), path)
    lacking = [short for state, path in found.items() if (short := shortage(path, state))]
    free = [f"{path} has {state.f_bavail * state.f_frsize // MIB} MiB" for state, path in found.items()]
    return Answer(ok=not lacking, detail="; ".join(lacking) or f"free: {', '.join(free)}")


def shortage(path: str, state: os.statvfs_result) -> str:
    """Return what a file system lacks and what to do, or nothing; some have no fixed number of files (0)."""
    free, wanted = state.f_bavail * state.f_frsize, min(state.f_blocks * state.f_frsize * FREE_SHARE, FREE_ENOUGH)
    if free < wanted:
        found, expected = f"{free // MIB} MiB free on {path}", f"{wanted // MIB:.0f} MiB"
    elif state.f_favail < state.f_files * FREE_SHARE:
        found, expected = f"{state.f_favail} files may still be made on {path}", f"a tenth of {state.f_files}"
    else:
        return ""
    return f"{found}; expected: at least {expected}; do: `du -xh {path} | sort -h | tail`, then free or add room"


def clock(_settings: Settings) -> Answer:
    """Ask chrony whom it follows; itself counts."""
    done = subprocess.run(["chronyc", "-c", "tracking"], capture_output=True, text=True, check=False)
    return tracking(done.returncode, done.stdout, done.stderr)


def tracking(status: int, said: str, complaint: str) -> Answer:
    """Judge what ``chronyc -c tracking`` said: reference, its name, stratum, time, offset (s) ... leap status last."""
    fields = said.strip().split(",")
    if status or fields[-1] == "Not synchronised":
        return Answer(ok=False, detail=(said or complaint).strip(), answered=not status)
    offset = abs(float(fields[4]))
    if offset > CLOCK_SECONDS:
        return Answer(ok=False, detail=f"{offset:.0f} s off the time of {fields[1] or 'itself'}")
    return Answer(ok=True, detail=f"follows {fields[1] or 'itself'}, stratum {fields[2]}")


def name_service(settings: Settings) -> Answer:
    """Ask the name service for the site's own name server, which has no IPv4 address where the site has none."""
    name = settings.text("name")
    try:
        known = any(_has_address(name, kind, settings.number("port")) for kind in ADDRESS_RECORDS)
    except (OSError, struct.error) as error:
        return Answer(ok=False, detail=f"no answer: {error}", answered=False)
    return Answer(ok=known, detail=f"{name} is {'known' if known else 'unknown'}")


def _has_address(name: str, kind: int, port: int) -> bool:
    """Ask for a type of record of a name (RFC 1035, section 4)."""
    number = secrets.randbelow(65536)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    # One question, recursion desired, class IN.
    question = struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(1)
        server.sendto(question, (LOOPBACK, port))
        got, flags, _, answers = struct.unpack("!4H", server.recv(512)[:8])
    return bool(got == number and not flags & 0xF and answers > 0)


def message_bus(settings: Settings) -> Answer:
    """Speak to Valkey over TLS without a password, which it must refuse.

    A refusal proves three things at once: it answers, with a certificate of the site, and nobody gets in unnamed.
    """
    name, port = settings.text("name"), settings.number("port")
    context = ssl.create_default_context(cafile=settings.text("authority"))
    try:
        with (
            socket.create_connection((LOOPBACK, port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            connection.sendall(b"PING\r\n")
            said = connection.recv(256).decode(errors="replace").strip()
    except OSError as error:
        return Answer(ok=False, detail=str(error), answered=False)
    return Answer(ok=said.startswith("-NOAUTH"), detail=said)


def database(_settings: Settings) -> Answer:
    """Ask PostgreSQL for its protections: all must be on."""
    names = "', '".join(PROTECTIONS)
    question = f"select json_object_agg(name, setting) from pg_settings where name in ('{names}')"  # noqa: S608 - constants
    psql = [
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--no-align",
        "--tuples-only",
        "--dbname=postgres",
        f"--command={question}",
    ]
    command = ["runuser", "-u", "postgres", "--", *psql] if os.geteuid() == 0 else psql
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, cwd="/")
    except subprocess.TimeoutExpired:
        return Answer(ok=False, detail=f"no answer within {DEADLINE} s", answered=False)
    if done.returncode:
        return Answer(ok=False, detail=done.stderr.strip(), answered=False)
    found = json.loads(done.stdout)
    return Answer(ok=found == PROTECTIONS, detail=", ".join(f"{name}={value}" for name, value in sorted(found.items())))
