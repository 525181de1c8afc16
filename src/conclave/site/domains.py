"""Domains as people write them, and as DNS, certificates and services have them."""

from __future__ import annotations


def ascii_domain(value: object) -> object:
    """Return a domain in small letters, other alphabets in the spelling of DNS (IDNA 2008, UTS 46).

    >>> ascii_domain("Konferenz.Müller.example")
    'konferenz.xn--mller-kva.example'

    Raises
    ------
    ValueError
        When it is no domain that DNS could carry.
    """
    if not isinstance(value, str):
        return value
    small = value.rstrip(".").lower()
    if small.isascii() and "xn--" not in small:
        return small
    # Only such a site needs the tables.
    import idna  # noqa: PLC0415

    try:
        return idna.encode(small, uts46=True).decode()
    except UnicodeError as error:
        raise ValueError(str(error)) from error


def shown_domain(domain: str) -> str:
    """Return a domain as people read it.

    >>> shown_domain("konferenz.xn--mller-kva.example")
    'konferenz.müller.example'
    """
    if "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415

    return idna.decode(domain)
