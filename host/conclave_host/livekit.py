"""What the SFU cannot do by itself: test its configuration, take up a renewed certificate while nobody meets."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time

from conclave_host.settings import FOLDER, Settings, SettingsError

SERVER = "/usr/lib/conclave/livekit/livekit-server"
UNIT = "conclave-livekit.service"
PARTICIPANTS = re.compile(r"^livekit_participant_total\{[^}]*\} (\S+)$", re.MULTILINE)
UNUSABLE = 2


def check(arguments: list[str]) -> int:
    """Refuse a configuration that the SFU would not start with.

    The server has no test mode and ends with 0 even when it refuses its file. ``ports`` reads the file as strictly as a
    start does, and comes to its second heading only when every key was known.

    Parameters
    ----------
    arguments:
        The file, and the server where it is another than the installed one.
    """
    if len(arguments) not in {1, 2}:
        print("usage: livekit-check FILE [SERVER]", file=sys.stderr)
        return UNUSABLE
    server = arguments[1] if len(arguments) > 1 else SERVER
    if not os.access(server, os.X_OK):
        # What a shell says of a program that is not there; a dry run on a blank host meets none.
        print(f"{server} is not installed", file=sys.stderr)
        return 127
    done = subprocess.run([server, "--config", arguments[0], "ports"], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if "UDP Ports" in said:
        return 0
    print(said.strip(), file=sys.stderr)
    return 1


def renew(_arguments: list[str]) -> int:
    """Restart the SFU when the certificate is younger than the running server and nobody is in a meeting."""
    try:
        settings = Settings.load(f"{FOLDER}/livekit.json")
        certificate, port = settings.text("certificate"), settings.number("metrics_port")
    except SettingsError as error:
        print(f"livekit-renew: {error}", file=sys.stderr)
        return UNUSABLE
    begin = _started()
    if not begin or os.stat(certificate).st_mtime < begin:
        return 0
    people = participants(_metrics(port))
    if people:
        print(f"a renewed certificate waits: {people} people are in meetings")
        return 0
    print("taking up the renewed certificate")
    return subprocess.run(["systemctl", "restart", UNIT], check=False).returncode


def participants(metrics: str) -> int:
    """Return how many people are in meetings on this server, from its metrics (Prometheus text format)."""
    return round(sum(float(value) for value in PARTICIPANTS.findall(metrics)))


def _started() -> float:
    """Return when the server was started, in seconds since 1970; 0 when it does not run."""
    show = ["systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--value", UNIT]
    monotonic = int(subprocess.run(show, check=True, capture_output=True, text=True).stdout) / 1e6
    return time.time() - (time.monotonic() - monotonic) if monotonic else 0.0


def _metrics(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    if answer.status != http.client.OK:
        raise http.client.HTTPException(f"the SFU's metrics answer {answer.status}")
    return answer.read().decode()
