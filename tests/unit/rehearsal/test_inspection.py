"""The proxy shows its own certificates, and hands on to whoever trusts it."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from conclave.rehearsal.inspection import ISSUER, Authority, Proxy

HERE = Path("/proc/self/ns/net")


def test_a_certificate_is_for_the_name_and_signed_by_the_proxy() -> None:
    authority = Authority()
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    shown = x509.load_pem_x509_certificate(authority.chain("meet.conf.lab.example"))
    shown.verify_directly_issued_by(issuer)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )
    assert names == ["meet.conf.lab.example"]
    assert shown.not_valid_after_utc - dt.datetime.now(dt.UTC) < dt.timedelta(hours=2)


def test_who_does_not_know_the_proxy_refuses_and_can_say_who_signed() -> None:
    strict, lenient = ssl.create_default_context(), ssl.create_default_context()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    with Proxy(HERE) as proxy:
        with (
            socket.create_connection(("127.0.0.1", proxy.port), 5) as stream,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            strict.wrap_socket(stream, server_hostname="meet.conf.lab.example")
        with (
            socket.create_connection(("127.0.0.1", proxy.port), 5) as stream,
            lenient.wrap_socket(stream, server_hostname="meet.conf.lab.example") as secure,
        ):
            shown = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    assert shown.issuer.rfc4514_string() == f"CN={ISSUER}"
