"""Serve the portal: `python -m conclave_portal.serve --help`.

uvicorn in several processes on every family of addresses that the host has; its own command line binds one family only
when it runs more than one process.
"""

from __future__ import annotations

import argparse
import errno
import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    from collections.abc import Sequence

# One process computes on one processor only. They share nothing but database and cache.
PROCESSES = 2
# Each takes so many connections, idle ones of the edge included, and refuses more at once, before threads run out. Half
# of them may be streams (conclave_portal.streams), which have no thread.
CONNECTIONS = 1024
WAITING = 2048
# The kept-alive connections of the edge end there first, or a request could meet a closed one.
KEEP_ALIVE_SECONDS = 75


def listen(port: int, host: str = "") -> list[socket.socket]:
    """Return listening sockets, one for each address of a host; without a host, one for each family that this host has.

    Raises
    ------
    OSError
        When a port is taken, or no family is there at all.
    """
    places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets = []
    for family, kind, protocol, _, address in places:
        try:
            one = socket.socket(family, kind, protocol)
        except OSError as error:
            # A kernel started without this family.
            if error.errno == errno.EAFNOSUPPORT:
                continue
            raise
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            one.bind(address)
        except OSError as error:
            one.close()
            # The kernel knows the family, but no interface has an address of it.
            if error.errno == errno.EADDRNOTAVAIL and not host:
                continue
            raise
        one.listen(WAITING)
        one.set_inheritable(True)
        sockets.append(one)
    if not sockets:
        raise OSError(errno.EADDRNOTAVAIL, f"port {port}: this host has neither IPv4 nor IPv6")
    return sockets


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="conclave_portal.serve", description="Serve the portal over TLS.")
    parser.add_argument("--host", default="", help="listen here only, instead of on every address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", required=True, help="chain, PEM")
    parser.add_argument("--key", required=True, help="its key, PEM")
    parser.add_argument("--proxies", default="", help="addresses that may say for whom they ask, with commas between")
    options = parser.parse_args(argv)
    config = uvicorn.Config(
        "conclave_portal.asgi:application",
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        proxy_headers=bool(options.proxies),
        forwarded_allow_ips=options.proxies,
        # Query strings carry sign-in codes; the edge logs without them.
        access_log=False,
        server_header=False,
        log_level="info",
        ws="none",
        lifespan="off",
        workers=PROCESSES,
        timeout_worker_healthcheck=60,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=10,
    )
    Multiprocess(config, listen(options.port, options.host)).run()


if __name__ == "__main__":
    main()
