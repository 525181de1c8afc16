"""The canary's figures come from nft's own listing."""

from __future__ import annotations

from conclave.lab.canary import CanaryCount, parse

LISTING = {
    "nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "canary"}},
        {"counter": {"name": "arrived", "packets": 5, "bytes": 420}},
        {"counter": {"name": "link_local", "packets": 7, "bytes": 500}},
        {
            "set": {
                "name": "from4",
                "elem": [
                    {"elem": {"val": {"concat": ["192.0.2.2", "203.0.113.9"]}, "counter": {"packets": 3, "bytes": 1}}},
                    {"elem": {"val": {"concat": ["192.0.2.2", "203.0.113.8"]}, "counter": {"packets": 1, "bytes": 1}}},
                ],
            }
        },
        {
            "set": {
                "name": "from6",
                "elem": [
                    {"elem": {"val": {"concat": ["2001:db8::2", "2001:db8::9"]}, "counter": {"packets": 1, "bytes": 1}}}
                ],
            }
        },
    ]
}


def test_packets_are_counted_by_sender_and_receiver() -> None:
    count = parse(LISTING)
    assert count.packets == 5
    assert count.link_local == 7
    assert count.sources["192.0.2.2"] == {"203.0.113.9": 3, "203.0.113.8": 1}
    assert (count.by("192.0.2.2"), count.by("2001:db8::2"), count.by("192.0.2.3")) == (4, 1, 0)


def test_a_set_without_elements_has_no_senders() -> None:
    empty = {"nftables": [*LISTING["nftables"][:4], {"set": {"name": "from4"}}]}
    assert parse(empty) == CanaryCount(5, 7, {})
