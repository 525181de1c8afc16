"""What a rule set makes of a packet, worked out without sending one.

The rule set is what ``nft -j list table inet conclave`` says, so it is the kernel's reading of the text that is
evaluated (libnftables-json(5)), one chain at a time. Only what our rules use is known; anything else is an error.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

Rule = dict[str, Any]
FINAL = ("accept", "drop", "reject")


@dataclass(frozen=True)
class Packet:
    """A packet as a chain sees it.

    Attributes
    ----------
    protocol:
        ``tcp``, ``udp``, ``sctp``, ``icmp`` or ``icmpv6``.
    kind:
        Type of an ICMP message, by nft's name.
    state, translated:
        What connection tracking says: ``new``, ``established``, ``related`` or ``invalid``; whether its destination
        was translated.
    user:
        Who sent it; None for the kernel.
    lost:
        Whether no route leads back to its sender by the interface it came from.
    over:
        Limits it exceeds: names of sets, or ``rate`` for those without a name; with ``-full`` those of sets that had
        no room for it.
    """

    saddr: str
    daddr: str
    protocol: str = "tcp"
    sport: int = 40000
    dport: int = 0
    flags: frozenset[str] = frozenset({"syn"})
    kind: str = ""
    hoplimit: int = 64
    iif: str = "eth0"
    oif: str = "eth0"
    state: str = "new"
    translated: bool = False
    user: int | None = 0
    lost: bool = False
    over: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """``ip`` or ``ip6``."""
        return "ip6" if ":" in self.saddr else "ip"


@dataclass
class Outcome:
    """What became of a packet: verdict, the counters and sets it is in, and the rules that took part.

    The verdict is ``accept``, ``drop``, ``reject`` (by ICMP) or ``reset`` (by TCP).
    """

    verdict: str = ""
    counted: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    logged: bool = False
    target: str = ""
    rules: list[int] = field(default_factory=list)


class RuleSet:
    """A table as nft lists it.

    Parameters
    ----------
    listing:
        The JSON document.
    """

    def __init__(self, listing: dict[str, Any]) -> None:
        entries: list[dict[str, Any]] = listing["nftables"]
        self.policies = {entry["chain"]["name"]: entry["chain"].get("policy") for entry in entries if "chain" in entry}
        self.rules: list[Rule] = [entry["rule"] for entry in entries if "rule" in entry]
        self._chains = {name: [rule for rule in self.rules if rule["chain"] == name] for name in self.policies}
        self._inside: dict[tuple[str, str], bool] = {}
        self._sets = {
            entry["set"]["name"]: [_element(value) for value in entry["set"].get("elem", [])]
            for entry in entries
            if "set" in entry
        }
        # Packets write them; nft lists of a set without elements neither flags nor anything else that says so.
        self._written = {entry["set"]["name"] for entry in entries if "set" in entry and "size" in entry["set"]}

    def with_rule(self, rule: Rule) -> RuleSet:
        """Return a copy in which this rule stands for the one with its handle."""
        other = copy(self)
        changed = [rule if known["handle"] == rule["handle"] else known for known in self._chains[rule["chain"]]]
        other._chains = self._chains | {rule["chain"]: changed}  # noqa: SLF001 (a copy of this one)
        return other

    def fits(self, rule: Rule, packet: Packet) -> bool:
        """Say whether a packet meets every condition of a rule."""
        return all(self._holds(kind, value, packet) for step in rule["expr"] for kind, value in step.items())

    def evaluate(self, chain: str, packet: Packet, without: int | None = None) -> Outcome:
        """Return what a chain makes of a packet; ``without`` leaves one rule out, by its handle."""
        outcome = Outcome()
        current: str | None = chain
        while current:
            current = self._run(current, packet, outcome, without)
        outcome.verdict = outcome.verdict or str(self.policies[chain])
        return outcome

    def _run(self, chain: str, packet: Packet, outcome: Outcome, without: int | None) -> str | None:
        for rule in self._chains[chain]:
            if rule["handle"] == without:
                continue
            for step in rule["expr"]:
                ((kind, value),) = step.items()
                if not self._holds(kind, value, packet):
                    break
                if kind == "goto":
                    outcome.rules.append(rule["handle"])
                    return str(value["target"])
                if kind == "jump":
                    self._run(value["target"], packet, outcome, without)
                _note(kind, value, outcome)
            else:
                outcome.rules.append(rule["handle"])
            if outcome.verdict:
                return None
        return None

    def _holds(self, kind: str, value: Any, packet: Packet) -> bool:  # noqa: ANN401 (any part of a JSON document)
        if kind == "match":
            found = _left(value["left"], packet)
            if found is None:
                return False
            right = value["right"]
            if isinstance(right, str) and right[1:] in self._written:
                met = f"{right[1:]}-full" not in packet.over
            else:
                met = self._is(found, right)
            return met if value["op"] in {"==", "in"} else not met
        if kind == "limit":
            return "rate" not in packet.over
        if kind == "set":
            named = value["set"].removeprefix("@")
            limited = any("inv" in inner for step in value.get("stmt", []) for inner in step.values() if inner)
            fits = _left(value["elem"], packet) is not None
            return fits and (named in packet.over if limited else True)
        return True

    def _is(self, found: Any, wanted: Any) -> bool:  # noqa: ANN401, PLR0911 (one line a form of nft's)
        if isinstance(wanted, str) and wanted.startswith("@"):
            key = (wanted, found)
            if key not in self._inside:
                self._inside[key] = any(ip_address(found) in network for network in self._sets[wanted[1:]])
            return self._inside[key]
        if isinstance(wanted, list):
            return found in wanted
        if isinstance(wanted, dict):
            ((form, inner),) = wanted.items()
            if form == "set":
                return any(self._is(found, value) for value in inner)
            if form == "range":
                return bool(inner[0] <= found <= inner[1])
            if form == "prefix":
                return ip_address(found) in _element(wanted)
            raise ValueError(f"nft says {wanted}, which is not known here")
        if isinstance(found, frozenset):
            return found == frozenset([wanted])
        return bool(found == wanted)


def _left(value: dict[str, Any], packet: Packet) -> Any:  # noqa: ANN401 (address, number, word or flags)
    """Return what a match looks at, or None when the packet has no such thing."""
    ((kind, inner),) = value.items()
    if kind == "payload":
        return _payload(inner["protocol"], inner["field"], packet)
    if kind == "meta":
        return _meta(inner["key"], packet)
    if kind == "ct":
        return {"state": packet.state, "status": "dnat" if packet.translated else ""}[inner["key"]]
    if kind == "fib":
        return not packet.lost
    if kind == "concat":
        return None if any(_left(part, packet) is None for part in inner) else True
    if kind == "&":
        return _masked(_left(inner[0], packet), inner[1])
    raise ValueError(f"nft says {kind}, which is not known here")


def _masked(found: Any, mask: Any) -> Any:  # noqa: ANN401 (an address or flags, or nothing)
    if isinstance(found, str):
        return str(IPv6Address(int(IPv6Address(found)) & int(IPv6Address(mask))))
    return None if found is None else found & frozenset(mask)


def _meta(key: str, packet: Packet) -> Any:  # noqa: ANN401 (name, number or nothing)
    known = {
        "iif": packet.iif,
        "iifname": packet.iif,
        "oif": packet.oif,
        "oifname": packet.oif,
        "l4proto": packet.protocol,
        "skuid": packet.user,
        "nfproto": {"ip": "ipv4", "ip6": "ipv6"}[packet.family],
    }
    return known[key]


def _payload(protocol: str, name: str, packet: Packet) -> Any:  # noqa: ANN401 (address, number or word)
    if protocol in {"ip", "ip6"}:
        known = {"saddr": packet.saddr, "daddr": packet.daddr, "hoplimit": packet.hoplimit}
        return known[name] if protocol == packet.family else None
    if protocol in {"icmp", "icmpv6"}:
        return packet.kind if protocol == packet.protocol else None
    if packet.protocol not in {"tcp", "udp", "sctp"} or protocol not in {packet.protocol, "th"}:
        return None
    return {"sport": packet.sport, "dport": packet.dport, "flags": packet.flags}[name]


def _note(kind: str, value: Any, outcome: Outcome) -> None:  # noqa: ANN401 (any part of a JSON document)
    if kind in FINAL:
        outcome.verdict = "reset" if kind == "reject" and value["type"] == "tcp reset" else kind
    elif kind in {"dnat", "snat", "masquerade"}:
        outcome.verdict, outcome.target = "accept", value["addr"] if value else "the router"
    elif kind == "counter":
        outcome.counted.add(str(value))
    elif kind == "set" and not value.get("stmt"):
        outcome.recorded.add(value["set"].removeprefix("@"))
    elif kind == "log":
        outcome.logged = True


def _element(value: Any) -> Any:  # noqa: ANN401 (a network)
    if isinstance(value, dict) and "prefix" in value:
        return ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}")
    return ip_network(value) if isinstance(value, str) else None
