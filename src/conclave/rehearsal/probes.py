"""What a person's machine can find out by itself: run where she stands, asked and answered in JSON.

As root it also sees who refuses a packet, and how far packets get that nobody answers (ICMP); without it knows only
that there was no answer. `python -m conclave.rehearsal.probes <wanted.json`
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["open", "refused", "prohibited", "silent"]
HOPS = 5
_V4 = socket.AF_INET
# RFC 5389: a binding request has a cookie, an identity and no attributes; the answer says whom the server saw.
_BINDING, _COOKIE, _XOR_MAPPED = 0x0001, 0x2112A442, 0x0020
# ICMP (RFC 792, 1812) and ICMPv6 (RFC 4443): unreachable; its codes for "forbidden" and "no such port"; time exceeded.
_UNREACHABLE = {4: 3, 6: 1}
_FORBIDDEN = {4: {9, 10, 13}, 6: {1, 5, 6}}
_NO_SUCH_PORT = {4: 3, 6: 4}
_EXCEEDED = {4: 11, 6: 3}
_TOO_BIG = 1400
_TRIES = 3
# x509_vfy.h: no issuer certificate, self-signed leaf, self-signed in chain, no local issuer, no proof of the leaf.
_UNKNOWN_ISSUER = {2, 18, 19, 20, 21}


@dataclass
class Reached:
    """How far one flow gets, to one address.

    Parameters
    ----------
    flow:
        The flow's name in the catalogue.
    state:
        `open`: somebody answered as the service would; `refused`: the machine has no such service; `prohibited`:
        a hop rejected it; `silent`: nothing came back.
    by:
        Who said no, as far as that could be seen.
    last:
        The last router on the path that answered, as far as known.
    own, mapped:
        Our end, as address:port; and as the other end saw it, where it says so.
    """

    flow: str
    protocol: str
    address: str
    port: int
    state: State = "silent"
    by: str = ""
    last: str = ""
    milliseconds: float | None = None
    own: str = ""
    mapped: str = ""


@dataclass
class Certificate:
    """What a TLS server showed; `foreign` when somebody signed it whom the site does not know."""

    name: str
    issuer: str = ""
    trusted: bool = False
    foreign: bool = False
    error: str = ""


@dataclass
class Observed:
    """Everything one look found."""

    names: dict[str, list[str]] = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    mtu: int | None = None


class Messages:
    """ICMP messages about our own packets, by protocol and source port."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[int, int, int, str]] = {}
        self._changed = threading.Condition()
        for family, protocol in ((_V4, socket.IPPROTO_ICMP), (socket.AF_INET6, socket.IPPROTO_ICMPV6)):
            with contextlib.suppress(OSError):
                raw = socket.socket(family, socket.SOCK_RAW, protocol)
                threading.Thread(target=self._listen, args=(raw,), daemon=True).start()

    def about(self, protocol: str, port: int) -> tuple[int, int, int, str] | None:
        """Return IP version, type, code and sender of the message about a packet, if there was one."""
        with self._changed:
            return self._seen.get((protocol, port))

    def wait(self, protocol: str, port: int, seconds: float) -> tuple[int, int, int, str] | None:
        """Wait for a message about a packet."""
        with self._changed:
            self._changed.wait_for(lambda: (protocol, port) in self._seen, seconds)
            return self._seen.get((protocol, port))

    def _listen(self, raw: socket.socket) -> None:
        version = 4 if raw.family == _V4 else 6
        while True:
            packet, sender = raw.recvfrom(2048)
            read = parse(packet, version)
            if read:
                kind, code, protocol, port = read
                with self._changed:
                    self._seen[protocol, port] = (version, kind, code, str(sender[0]).partition("%")[0])
                    self._changed.notify_all()


def parse(packet: bytes, version: int) -> tuple[int, int, str, int] | None:
    """Return type, code, and protocol and source port of the packet that an ICMP message is about.

    Parameters
    ----------
    packet:
        As a raw socket gives it: with the IP header in IPv4, without in IPv6.
    version:
        4 or 6.
    """
    try:
        message = packet[(packet[0] & 0x0F) * 4 :] if version == 4 else packet  # noqa: PLR2004
        kind, code, inner = message[0], message[1], message[8:]
        length, number = ((inner[0] & 0x0F) * 4, inner[9]) if version == 4 else (40, inner[6])  # noqa: PLR2004
        (port,) = struct.unpack_from("!H", inner, length)
    except (IndexError, struct.error):
        return None
    protocol = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}.get(number)
    if protocol is None or kind not in {_UNREACHABLE[version], _EXCEEDED[version]}:
        return None
    return kind, code, protocol, port


def verdict(version: int, kind: int, code: int) -> Literal["refused", "prohibited"] | None:
    """Return what an ICMP message says about a path; None when its sender only could not find the next hop."""
    if kind != _UNREACHABLE[version]:
        return None
    if code in _FORBIDDEN[version]:
        return "prohibited"
    return "refused" if code == _NO_SUCH_PORT[version] else None


def binding() -> bytes:
    """Return a STUN binding request."""
    return struct.pack("!HHI12s", _BINDING, 0, _COOKIE, secrets.token_bytes(12))


def mapped(answer: bytes) -> str:
    """Return the address that a STUN server saw, as address:port; empty when the answer does not say."""
    place = 20
    while place + 4 <= len(answer):
        kind, length = struct.unpack_from("!HH", answer, place)
        if kind == _XOR_MAPPED:
            family, port = struct.unpack_from("!xBH", answer, place + 4)
            key = answer[4:20]
            raw = bytes(a ^ b for a, b in zip(answer[place + 8 : place + 4 + length], key, strict=False))
            host = socket.inet_ntop(_V4 if family == 1 else socket.AF_INET6, raw)
            shown = host if family == 1 else f"[{host}]"
            return f"{shown}:{port ^ (_COOKIE >> 16)}"
        place += 4 + length + (-length % 4)
    return ""


class Probe:
    """One look from where this process stands."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.seconds = float(wanted["seconds"])
        self.messages = Messages()

    def look(self) -> Observed:
        """Look at names, flows and certificates, side by side."""
        observed = Observed()
        with ThreadPoolExecutor(32) as pool:
            names = {name: pool.submit(self._resolve, name) for name in self.wanted["names"]}
            observed.names = {name: future.result() for name, future in names.items()}
            reached = [pool.submit(self._path, one) for one in self._targets(observed.names)]
            shown = [pool.submit(self._certificate, name, found[0]) for name, found in observed.names.items() if found]
            observed.reached = [future.result() for future in reached]
            observed.certificates = [certificate for certificate, _ in (future.result() for future in shown)]
            observed.reached += [reached for _, reached in (future.result() for future in shown) if reached]
        observed.mtu = min((mtu for mtu in self._mtus(observed.reached)), default=None)
        return observed

    def _targets(self, names: dict[str, list[str]]) -> list[Reached]:
        found = []
        for one in self.wanted["flows"]:
            addresses = names.get(one["host"], []) if "host" in one else one["addresses"]
            found += [Reached(one["flow"], one["protocol"], address, one["port"]) for address in addresses]
        return [one for one in found if self._has(one.address)]

    @staticmethod
    def _has(address: str) -> bool:
        """Tell whether this machine has a route at all to addresses of that version."""
        with socket.socket(_family(address), socket.SOCK_DGRAM) as trial:
            try:
                trial.connect((address, 9))
            except OSError:
                return False
            return True

    def _resolve(self, name: str) -> list[str]:
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            return []
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _path(self, reached: Reached) -> Reached:
        (self._tcp if reached.protocol == "tcp" else self._udp)(reached)
        if reached.state != "open":
            reached.last = self._trace(reached)
        return reached

    def _tcp(self, reached: Reached) -> None:
        began = time.monotonic()
        with socket.socket(_family(reached.address), socket.SOCK_STREAM) as stream:
            stream.settimeout(self.seconds)
            try:
                stream.connect((reached.address, reached.port))
            except ConnectionRefusedError:
                reached.state = "refused"
            except OSError:
                self._said(reached, stream.getsockname()[1])
            else:
                reached.state = "open"
                reached.milliseconds = round((time.monotonic() - began) * 1000, 1)

    def _udp(self, reached: Reached) -> None:
        with socket.socket(_family(reached.address), socket.SOCK_DGRAM) as sender:
            sender.connect((reached.address, reached.port))
            host, port = sender.getsockname()[:2]
            reached.own = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            # A lost packet is no blocked path. The media server answers known partners only: it is asked once.
            for _ in range(_TRIES if reached.flow == self.wanted["stun"] else 1):
                began = time.monotonic()
                sender.settimeout(self.seconds / _TRIES)
                try:
                    sender.send(binding())
                    reached.mapped = mapped(sender.recv(2048))
                except TimeoutError:
                    continue
                except OSError:
                    self._said(reached, port)
                    return
                reached.state = "open"
                reached.milliseconds = round((time.monotonic() - began) * 1000, 1)
                return

    def _said(self, reached: Reached, port: int) -> None:
        """Note who said no about a packet from a port."""
        heard = self.messages.wait(reached.protocol, port, 0.3)
        if heard is None:
            return
        version, kind, code, sender = heard
        said = verdict(version, kind, code)
        if said:
            reached.state, reached.by = said, sender

    def _trace(self, reached: Reached) -> str:
        """Return the last hop that was heard of: packets of the same kind, each allowed one hop more."""
        sockets = []
        try:
            for hops in range(1, HOPS + 1):
                kind = socket.SOCK_STREAM if reached.protocol == "tcp" else socket.SOCK_DGRAM
                sender = socket.socket(_family(reached.address), kind)
                sockets.append(sender)
                sender.setblocking(False)  # noqa: FBT003 - the socket's own signature
                if sender.family == _V4:
                    sender.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
                else:
                    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
                with contextlib.suppress(OSError):
                    sender.connect((reached.address, reached.port))
                with contextlib.suppress(OSError):
                    sender.send(binding())
            deadline = time.monotonic() + self.seconds / 2
            last = ""
            for sender in sockets:
                left = max(0.0, deadline - time.monotonic())
                heard = self.messages.wait(reached.protocol, sender.getsockname()[1], left)
                last = heard[3] if heard else last
            return last
        finally:
            for sender in sockets:
                sender.close()

    def _certificate(self, name: str, address: str) -> tuple[Certificate, Reached | None]:
        """Shake hands for a name; behind the relay's name, ask what only a relay answers."""
        found = Certificate(name)
        with contextlib.suppress(OSError, ValueError):
            found.issuer = self._issuer(name)
        relay = name == self.wanted["relay"]["name"]
        reached = None
        if relay:
            reached = Reached(self.wanted["relay"]["flow"], "tcp", address, self.wanted["web"])
        context = ssl.create_default_context(cafile=self.wanted["authority"])
        began = time.monotonic()
        try:
            with (
                socket.create_connection((name, self.wanted["web"]), self.seconds) as stream,
                context.wrap_socket(stream, server_hostname=name) as secure,
            ):
                found.trusted = True
                if reached:
                    reached.address = secure.getpeername()[0]
                    secure.sendall(binding())
                    reached.mapped = mapped(secure.recv(2048))
                    reached.state = "open"
                    reached.milliseconds = round((time.monotonic() - began) * 1000, 1)
        except ssl.SSLCertVerificationError as error:
            found.error = error.verify_message
            found.foreign = error.verify_code in _UNKNOWN_ISSUER
        except OSError as error:
            found.error = str(error) or type(error).__name__
        return found, reached

    def _issuer(self, name: str) -> str:
        """Return who signed the certificate that is shown, whether it is trusted or not."""
        from cryptography import x509  # noqa: PLC0415 - what cannot be read is no obstacle to the rest

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((name, self.wanted["web"]), self.seconds) as stream,
            context.wrap_socket(stream, server_hostname=name) as secure,
        ):
            shown = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
        return shown.issuer.rfc4514_string()

    def _mtus(self, found: list[Reached]) -> list[int]:
        """Return the path MTU to who answers over UDP: what is too big brings news of the smallest link."""
        return [_mtu(one.address, one.port) for one in found if one.protocol == "udp" and one.state == "open"]


def _mtu(address: str, port: int) -> int:
    version4 = _family(address) == _V4
    level = socket.IPPROTO_IP if version4 else socket.IPPROTO_IPV6
    # linux/in.h and linux/in6.h: discover, do; mtu.
    discover, value = (10, 14) if version4 else (23, 24)
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sender:
        sender.setsockopt(level, discover, 2)
        sender.connect((address, port))
        with contextlib.suppress(OSError):
            sender.send(bytes(_TOO_BIG))
        # The answer of the narrow link is no data: what ends the wait is the time, or the error that it raises.
        sender.settimeout(0.5)
        with contextlib.suppress(OSError):
            sender.recv(1)
        return sender.getsockopt(level, value)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else _V4


def main() -> None:
    """Read what is wanted, look, write what was found."""
    observed = Probe(json.load(sys.stdin)).look()
    json.dump(asdict(observed), sys.stdout)
    sys.stdout.flush()
    # A thread may still wait for a name server that does not answer.
    os._exit(0)


if __name__ == "__main__":
    main()
