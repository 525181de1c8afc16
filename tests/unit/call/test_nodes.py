"""Which media host carried a call."""

from __future__ import annotations

import pytest

from conclave.call.admission import node_of
from conclave.call.site import carrier
from conclave.site import read


@pytest.mark.parametrize(
    ("url", "node"),
    [("wss://media.conf.example.org/media2", "media2"), ("wss://media.conf.example.org", "")],
)
def test_the_address_for_signalling_names_the_node(url: str, node: str) -> None:
    assert node_of(url) == node


@pytest.mark.parametrize(
    ("name", "address", "node"),
    [
        ("cluster", "192.0.2.35:7882", "media2"),
        ("cluster", "192.0.2.2:443", None),
        ("cluster", "", None),
        ("lab", "[2001:db8:1:2::2]:7882", "media1"),
        # Behind a translation the far end is seen inside by its own address, outside by the public one.
        ("lab", "192.0.2.34:7882", "media1"),
        ("lab", "203.0.113.1:7882", "media1"),
    ],
)
def test_the_far_end_of_the_media_says_which_host_carried_it(name: str, address: str, node: str | None) -> None:
    assert carrier(read.load(name), address) == node
