"""Snippets in the languages of firewalls and switches: a plan in, files out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.network.vendors import cisco, fortigate, mikrotik, nftables, opnsense, pfsense, windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.network.rules import Plan

VENDORS: dict[str, Callable[[Plan], dict[str, str]]] = {
    "nftables": nftables.files,
    "opnsense": opnsense.files,
    "pfsense": pfsense.files,
    "mikrotik": mikrotik.files,
    "cisco-ios-xe": cisco.files,
    "fortigate": fortigate.files,
    "windows-qos": windows.files,
}
