"""A service that tries to leave its host from the first moment to the last, shutdown included."""

from __future__ import annotations

PROGRAM_PATH = "usr/local/lib/leak.py"
UNIT_PATH = "etc/systemd/system/leak.service"
NOBODY = "203.0.113.9"
UNIT = f"""[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/python3 /{PROGRAM_PATH}
KillMode=none
[Install]
WantedBy=sysinit.target
"""


def program(pause: float) -> str:
    """Return the program: a packet to nobody outside, and so many seconds until the next."""
    return f"""
import socket, threading
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        line.sendto(b"leak", ("{NOBODY}", 9))
    except OSError:
        pass
    threading.Event().wait({pause})
"""
