"""``python3 -m mode_switch MODE --reason TEXT``: one line of JSON, exit status 1 when something was not done."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import syslog
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mode_switch import announcement
from mode_switch.switch import Switch
from sfu.client import Servers, Sfu, context

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 0.5
# For what there was no time for.
LATE_LIMIT = 20
# Of the limit, for what comes after the last room.
_LAST = 0.03
_APP = Path(__file__).parents[1]


def main() -> int:
    """Announce, tell, send out, print, and leave the audit log to a process that may take its time."""
    age = _age()
    options = _options()
    started = time.monotonic() - age
    deadline = started + options.limit - _LAST
    since = options.late or datetime.now(UTC).isoformat(timespec="milliseconds")
    said = {"mode": options.mode, "since": since, "pending": {"deadline": options.until} if options.until else None}
    config = tomllib.loads(options.config.read_text(encoding="utf-8"))
    path = Path(config.get("mode", {}).get("announcement", announcement.PATH))
    failed = []
    if options.late:
        if not announcement.stands(path, said):
            return 0
    else:
        try:
            announcement.write(path, said)
        except OSError as error:
            failed.append(f"{path}: {error.strerror}")
    metadata = {"mode": options.mode, "since": since, "until": options.until}
    rooms = Switch(Sfu(_servers(config["livekit"]), deadline), metadata, deadline).run()
    result: dict[str, Any] = {
        "told": rooms.told,
        "removed": rooms.removed,
        "seconds": round(time.monotonic() - started, 3),
        "failed": failed + rooms.failed,
    }
    print(json.dumps(result), flush=True)  # noqa: T201 - the answer
    if rooms.failed and not options.late:
        _go_on(options, since)
    entry = {"mode": options.mode, "actor": options.actor, "reason": options.reason, **result}
    syslog.openlog("conclave-portal")
    syslog.syslog(f"mode_announced {json.dumps(entry)}")
    # Politely: what the rooms need of the processor just now comes first.
    _leave("nice", "-n", "19", sys.executable, str(_APP / "manage.py"), "record_mode_switch", json.dumps(entry))
    return 1 if result["failed"] else 0


def _servers(livekit: Mapping[str, Any]) -> Servers:
    tls = context(livekit.get("ca"), livekit.get("certificate"), livekit.get("certificate_key"))
    return Servers(livekit["servers"], livekit["key"], livekit["secret"], tls)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mode", description="Notify everyone in all rooms of a mode switch.")
    parser.add_argument(
        "mode", choices=["open", "isolated"], help="isolated also removes participants who joined from outside"
    )
    parser.add_argument("--reason", required=True, help="reason, for the audit log; not shown in the rooms")
    parser.add_argument("--actor", default="", help="who switches the mode, for the audit log")
    parser.add_argument("--until", type=_time, help="end of a rehearsal, as in RFC 3339: 2026-11-22T14:30:00Z")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds after which the program ends in any case")
    parser.add_argument("--late", help=argparse.SUPPRESS)
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(os.environ.get("CONCLAVE_PORTAL_CONFIG", "/etc/conclave/portal/portal.toml")),
        help="the portal's configuration",
    )
    return parser.parse_args(_joined(sys.argv[1:]))


def _joined(words: list[str]) -> list[str]:
    """Join what somebody wrote to its option: argparse takes a word with a dash for an option."""
    found = iter(words)
    return [f"{word}={next(found, '')}" if word in {"--reason", "--actor"} else word for word in found]


def _time(text: str) -> str:
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError("a time with its zone, such as 2026-11-22T14:30:00Z")
    return parsed.isoformat()


def _age() -> float:
    """Return the seconds since this process began: the start of Python counts, too (proc(5), field 22 of stat)."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began


def _go_on(options: argparse.Namespace, since: str) -> None:
    """Finish what there was no time for: people inside should not look at frozen video for long."""
    words = ["--reason", options.reason, "--actor", options.actor, "--config", str(options.config)]
    words += ["--until", options.until] if options.until else []
    _leave(
        sys.executable, "-SP", "-m", "mode_switch", options.mode, *words, "--limit", str(LATE_LIMIT), "--late", since
    )


def _leave(*command: str) -> None:
    """Start a command that nobody waits for."""
    subprocess.Popen(
        # This process has the portal's rights; no program that it starts may get more.
        ("setpriv", "--no-new-privs", "--", *command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def run() -> NoReturn:
    """Do it, and end without waiting for threads that still wait for an answer."""
    status = main()
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
