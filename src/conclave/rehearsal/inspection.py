"""A proxy that opens TLS, as some organisations have: it shows certificates of its own for every name.

It stands in the box, which redirects connections to it, and hands on what it reads to where the person wanted to go. A
browser that trusts the proxy's authority would notice nothing; one that trusts the site's refuses, and should say why.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import socket
import ssl
import struct
import tempfile
import threading
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

ISSUER = "Rehearsal TLS inspection"
# linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h
_ORIGINAL_DESTINATION = 80
_CHUNK = 65_536
_START_SECONDS = 10.0
_LIFE = dt.timedelta(hours=1)


class Authority:
    """The proxy's own authority: makes a certificate for any name."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
        self._leaf = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def chain(self, name: str) -> bytes:
        """Return key and certificate for a name, as PEM."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative = x509.SubjectAlternativeName([x509.DNSName(name)])
        made = self._builder(subject, self._leaf).add_extension(alternative, critical=False)
        key = self._leaf.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _LIFE)
            .not_valid_after(now + _LIFE)
        )


class Proxy:
    """Listen in a network namespace and open TLS, as long as the block lasts.

    Parameters
    ----------
    namespace:
        File of the network namespace.
    """

    def __init__(self, namespace: Path) -> None:
        self.authority = Authority()
        self.port = 0
        self._namespace = namespace
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen; `port` then says where."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise ConclaveError(
                f"the rehearsal's proxy does not listen after {_START_SECONDS:.0f} s", exit_code=ExitCode.MACHINE
            )
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and every connection through it."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            # A thread of its own in the box: the rest of this process stays where it is.
            handle = os.open(self._namespace, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.setns(handle, os.CLONE_NEWNET)
            finally:
                os.close(handle)
            asyncio.run(self._listen())
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the caller's thread
            self._failure = error
            self._ready.set()

    async def _listen(self) -> None:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._show
        server = await asyncio.start_server(self._serve, sock=listener, ssl=context)
        self.port, self._loop = listener.getsockname()[1], asyncio.get_running_loop()
        self._ready.set()
        await self._stop.wait()
        server.close()

    def _show(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        wanted = name or "unnamed"
        if wanted not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile(prefix="conclave-proxy-") as file:
                file.write(self.authority.chain(wanted))
                file.flush()
                context.load_cert_chain(file.name)
            self._contexts[wanted] = context
        connection.context = self._contexts[wanted]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted: socket.socket = writer.get_extra_info("socket")
        context = ssl.create_default_context()
        # Whoever the site is does not matter to a rehearsal's proxy: the person is to notice, not the proxy.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            address, port = original_destination(accepted)
            onward = await asyncio.open_connection(address, port, ssl=context)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, onward[1]), _copy(onward[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def original_destination(accepted: socket.socket) -> tuple[str, int]:
    """Return where a redirected connection wanted to go."""
    peer = accepted.getpeername()[0]
    if peer.startswith("::ffff:"):
        raw = accepted.getsockopt(socket.SOL_IP, _ORIGINAL_DESTINATION, 16)
        port, packed = struct.unpack("!2xH4s8x", raw)
        return socket.inet_ntop(socket.AF_INET, packed), port
    raw = accepted.getsockopt(socket.IPPROTO_IPV6, _ORIGINAL_DESTINATION, 28)
    port, packed = struct.unpack("!2xH4x16s4x", raw)
    return socket.inet_ntop(socket.AF_INET6, packed), port
