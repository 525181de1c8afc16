"""Whether this machine knows the site's names: asked before anything begins that would stumble over each of them."""

from __future__ import annotations

import secrets
import socket
import struct
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from conclave.site.model import Site

PORT = 53
# The site's name server is near: it answers within milliseconds.
SECONDS = 1.0


def require(site: Site, *, told_elsewhere: bool = False) -> None:
    """Refuse to go on where this machine cannot find the site's web page by name.

    Parameters
    ----------
    site:
        The site.
    told_elsewhere:
        What follows looks at the site's name server itself: where that is silent, go on and let it be named there.

    Raises
    ------
    ConclaveError
        Exit code 3: what is lacking is a setting of this machine; 4 where the site's name server is silent.
    """
    name = f"meet.{site.domain}"
    if known(name):
        return
    servers = [str(address) for host in site.hosts_with("core") for address in host.main_addresses]
    answering = [address for address in servers if answers(address, name)]
    if answering:
        raise ConclaveError(
            f"this machine does not know {name}, and the site's name server {answering[0]} does",
            expected="a resolver that knows the site's names",
            todo=f"make `nameserver {answering[0]}` the first line of /etc/resolv.conf, or let this machine's resolver "
            f"forward {site.domain} to it; then: getent hosts {name}",
            exit_code=ExitCode.MACHINE,
        )
    if not told_elsewhere:
        raise ConclaveError(
            f"this machine does not know {name}, and the site's name server ({', '.join(servers)}) does not answer it",
            expected="a resolver that knows the site's names, on a machine in one of the site's zones",
            todo=f"conclave verify {site.name} MON-01 shows how it is; it answers machines in the zones users and mgmt",
            exit_code=ExitCode.NOT_READY,
        )


def known(name: str) -> bool:
    """Tell whether this machine's resolver has an address for a name."""
    try:
        return bool(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    except OSError:
        return False


def answers(server: str, name: str) -> bool:
    """Tell whether a name server has an address for a name (RFC 1035, section 4), of either IP version."""
    return any(_ask(server, name, kind) for kind in (1, 28))


def _ask(server: str, name: str, kind: int) -> bool:
    number = secrets.randbelow(65536)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    # One question, recursion desired: class IN.
    question = struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as plug:
            plug.settimeout(SECONDS)
            plug.connect((server, PORT))
            plug.send(question)
            got, flags, _, count = struct.unpack("!4H", plug.recv(512)[:8])
    except (OSError, struct.error):
        return False
    return got == number and not flags & 0xF and count > 0
