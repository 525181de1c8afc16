"""Network probes of the standard library alone: sent to where they are wanted, run there by any Python 3.11 or later.

Called as `python3 -c SOURCE FUNCTION JSON`; prints JSON.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import selectors
import socket
import ssl
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

VERSIONS = {"SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303}
HANDSHAKE, SERVER_HELLO = 22, 2
# A record's header (5 bytes) and the kind of its first message.
BEGINNING = 6
# Suites that every server of the last twenty years knows one of; none is modern only.
SUITES = (0xC02F, 0xC030, 0xC02B, 0xC02C, 0xC013, 0xC014, 0xC009, 0xC00A, 0x009C, 0x002F, 0x0035, 0x000A, 0x0005)
AT_ONCE = 900
# A STUN binding request (RFC 8489), a question for the name localhost (RFC 1035), a client's NTP packet (RFC 5905):
# whoever serves one of them answers it.
QUESTIONS = (
    struct.pack("!HHI12s", 1, 0, 0x2112A442, b"conclaveconc"),
    struct.pack("!HHHHHH", 0x4321, 0x0100, 1, 0, 0, 0) + b"\x09localhost\0" + struct.pack("!HH", 1, 1),
    b"\x23" + bytes(47),
)
POSTGRESQL_SSL_REQUEST = struct.pack("!II", 8, 80877103)


def connect(targets: list[tuple[str, int]], seconds: float = 1.0) -> list[str]:
    """Try TCP connections side by side: `open`, `refused` or `silent` for each."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        return list(pool.map(lambda target: _connect(target[0], target[1], seconds), targets))


def _connect(address: str, port: int, seconds: float) -> str:
    try:
        socket.create_connection((address, port), timeout=seconds).close()
    except TimeoutError:
        return "silent"
    except OSError:
        return "refused"
    return "open"


def scan(tcp: list[tuple[str, int]], udp: list[tuple[str, int]], seconds: float = 1.5) -> dict[str, list[str]]:
    """Look at many ports at once, over TCP and over UDP.

    Returns
    -------
    dict
        For each target of ``tcp`` and ``udp``: ``open`` (it answers), ``closed`` (its host says that nobody listens),
        ``prohibited`` (somebody on the way says so), or ``silent``.
    """
    return {
        "tcp": [state for part in _parts(tcp) for state in _scan(part, socket.SOCK_STREAM, seconds)],
        "udp": [state for part in _parts(udp) for state in _scan(part, socket.SOCK_DGRAM, seconds)],
    }


def _parts(targets: list[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    # Each needs a descriptor, and a process has 1024 of them.
    return [targets[begin : begin + AT_ONCE] for begin in range(0, len(targets), AT_ONCE)]


def _scan(targets: list[tuple[str, int]], kind: socket.SocketKind, seconds: float) -> list[str]:
    states = ["silent"] * len(targets)
    with selectors.DefaultSelector() as waiting, contextlib.ExitStack() as stack:
        for number, (address, port) in enumerate(targets):
            plug = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind))
            plug.settimeout(0)
            try:
                code = plug.connect_ex((address, port))
                if kind == socket.SOCK_DGRAM and not code:
                    for question in QUESTIONS:
                        plug.send(question)
            except OSError as error:
                code = error.errno or 0
            if code not in {0, errno.EINPROGRESS}:
                states[number] = _refusal(code)
            else:
                event = selectors.EVENT_READ if kind == socket.SOCK_DGRAM else selectors.EVENT_WRITE
                waiting.register(plug, event, number)
        end = time.monotonic() + seconds
        while waiting.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                plug = key.fileobj  # type: ignore[assignment] # only sockets were registered
                code = plug.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                states[key.data] = _refusal(code) if code else "open"
                waiting.unregister(plug)
    return states


def _refusal(code: int) -> str:
    return "closed" if code == errno.ECONNREFUSED else "prohibited"


def send_udp(address: str, port: int, count: int) -> int:
    """Send UDP packets; return how many the kernel let go."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    gone = 0
    for _ in range(count):
        with socket.socket(family, socket.SOCK_DGRAM) as plug:
            try:
                gone += plug.sendto(b"conclave", (address, port)) > 0
            except PermissionError:
                continue
            except OSError as error:
                if error.errno not in (101, 111, 113):
                    raise
    return gone


def tls_versions(address: str, port: int, name: str, greeting: str = "") -> dict[str, bool]:
    """Say which old versions a server accepts: a hello of our own making, which no local policy can forbid."""
    return {version: _hello(address, port, name, code, greeting) for version, code in VERSIONS.items()}


def _hello(address: str, port: int, name: str, version: int, greeting: str) -> bool:
    host = name.encode()
    server_name = struct.pack("!HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    groups = struct.pack("!HHHHHH", 10, 8, 6, 0x1D, 0x17, 0x18)
    points = struct.pack("!HHBB", 11, 2, 1, 0)
    algorithms = struct.pack("!HHHHHHHH", 13, 12, 10, 0x0403, 0x0804, 0x0401, 0x0503, 0x0201)
    extensions = server_name + groups + points + (algorithms if version >= VERSIONS["TLSv1.2"] else b"")
    if version == VERSIONS["SSLv3"]:
        extensions = b""
    suites = b"".join(struct.pack("!H", suite) for suite in SUITES)
    body = struct.pack("!H", version) + bytes(32) + b"\0" + struct.pack("!H", len(suites)) + suites + b"\x01\0"
    if extensions:
        body += struct.pack("!H", len(extensions)) + extensions
    hello = b"\x01" + struct.pack("!I", len(body))[1:] + body
    record = struct.pack("!BHH", HANDSHAKE, min(version, 0x0301), len(hello)) + hello
    with socket.create_connection((address, port), timeout=5) as plug:
        _greet(plug, greeting)
        plug.sendall(record)
        try:
            head = plug.recv(BEGINNING)
        except OSError:
            return False
    return len(head) == BEGINNING and head[0] == HANDSHAKE and head[5] == SERVER_HELLO


def _greet(plug: socket.socket, greeting: str) -> None:
    if greeting == "postgresql":
        plug.sendall(POSTGRESQL_SSL_REQUEST)
        if plug.recv(1) != b"S":
            raise ConnectionError("the database offers no TLS")


def certificate(
    address: str, port: int, name: str, *, authority: str, greeting: str = "", own: tuple[str, str] | None = None
) -> dict[str, object]:
    """Fetch a server's certificate as a strict client does: chain to `authority`, name checked."""
    context = ssl.create_default_context(cafile=authority)
    if own:
        context.load_cert_chain(*own)
    try:
        with socket.create_connection((address, port), timeout=5) as plug:
            _greet(plug, greeting)
            with context.wrap_socket(plug, server_hostname=name) as secure:
                found = secure.getpeercert() or {}
                shown = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()
                version = secure.version()
    except ssl.SSLError as error:
        return {"trusted": False, "reason": getattr(error, "verify_message", "") or str(error)}
    left = ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()
    names = [str(entry[1]) for entry in found.get("subjectAltName", ())]
    return {"trusted": True, "days_left": round(left / 86400, 1), "names": names, "version": version, "sha256": shown}


def http_get(
    address: str,
    port: int,
    name: str,
    path: str,
    *,
    authority: str = "",
    method: str = "GET",
    own: tuple[str, str] | None = None,
) -> dict[str, object]:
    """Send one request over TLS and return status, headers and the beginning of the body."""
    context = ssl.create_default_context(cafile=authority or None)
    if own:
        context.load_cert_chain(*own)
    try:
        with socket.create_connection((address, port), timeout=10) as plug:
            connection = http.client.HTTPConnection(name)
            connection.sock = context.wrap_socket(plug, server_hostname=name)
            if method == "POST":
                connection.request(method, path, body="{}", headers={"Content-Type": "application/json"})
            else:
                connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read(200_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "reason": f"{type(error).__name__}: {error}", "headers": {}, "body": ""}
    headers = {key.lower(): value for key, value in answer.getheaders()}
    return {"status": answer.status, "headers": headers, "body": body, "reason": ""}


def say(address: str, port: int, hexadecimal: str, seconds: float = 3.0) -> str:
    """Send bytes over plain TCP and return what comes back, both hexadecimal."""
    with socket.create_connection((address, port), timeout=seconds) as plug:
        plug.sendall(bytes.fromhex(hexadecimal))
        try:
            return plug.recv(4096).hex()
        except OSError:
            return ""


def ask_name(server: str, name: str, kind: int = 1) -> dict[str, object]:
    """Ask a name server by hand: response code, number of answers and seconds taken."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"
    packet = struct.pack("!HHHHHH", 0x4321, 0x0100, 1, 0, 0, 0) + question + struct.pack("!HH", kind, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    begin = time.monotonic()
    with socket.socket(family, socket.SOCK_DGRAM) as plug:
        plug.settimeout(5)
        plug.sendto(packet, (server, 53))
        try:
            answer = plug.recv(4096)
        except OSError:
            return {"code": None, "answers": 0, "seconds": round(time.monotonic() - begin, 3)}
    _, flags, _, answers, _, _ = struct.unpack("!HHHHHH", answer[:12])
    return {"code": flags & 15, "answers": answers, "seconds": round(time.monotonic() - begin, 3)}


if __name__ == "__main__" and len(sys.argv) == 3:  # noqa: PLR2004 (function and its arguments)
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))  # noqa: T201 (the answer)
