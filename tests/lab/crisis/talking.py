"""Partners that talk over one way, both sides all the time: ``talking.py serve`` and ``talking.py call HOST KIND``.

Standard library only: the serving side is a host of the lab.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading

UDP, TCP = 7882, 7881
PAUSE = 0.005


def every(pause: float):  # type: ignore[no-untyped-def] # noqa: ANN201 - Python 3.12 of a host, nothing imported for it
    event = threading.Event()
    while True:
        yield
        event.wait(pause)


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def serve() -> None:
    """Answer every datagram, and keep sending to whoever ever came, as a media server does."""
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", UDP))
    tcp = socket.create_server(("::", TCP), family=socket.AF_INET6, dualstack_ipv6=True)
    known = set()

    def hear() -> None:
        while True:
            with contextlib.suppress(OSError):
                known.add(udp.recvfrom(100)[1])

    def send() -> None:
        for _ in every(PAUSE):
            for address in list(known):
                with contextlib.suppress(OSError):
                    udp.sendto(b"media", address)

    def stream(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for _ in every(PAUSE):
                connection.sendall(b"media")

    threading.Thread(target=hear, daemon=True).start()
    threading.Thread(target=send, daemon=True).start()
    say("ready")
    while True:
        threading.Thread(target=stream, args=(tcp.accept()[0],), daemon=True).start()


def call(host: str, kind: str) -> None:
    """Send all the time; say once that the other side was heard."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if kind == "udp":
        line = socket.socket(family, socket.SOCK_DGRAM)
        line.connect((host, UDP))
    else:
        line = socket.create_connection((host, TCP), timeout=10)

    def hear() -> None:
        with contextlib.suppress(OSError):
            line.recv(100)
            say("heard")
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    line.recv(100)

    threading.Thread(target=hear, daemon=True).start()
    for _ in every(PAUSE):
        with contextlib.suppress(OSError):
            line.send(b"media")


def end_with_whoever_started_this() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_whoever_started_this, daemon=True).start()
    serve() if sys.argv[1] == "serve" else call(sys.argv[2], sys.argv[3])
