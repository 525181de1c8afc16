"""Network: what listens, what is let in, what is let out, and whose names are known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import firewall

from conclave.verify import NotApplicable, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.catalog import Catalog
    from conclave.site.model import Site
    from conclave.verify.places import Host, Outside, Vantage

SHOWN = 8
USER = re.compile(r'\("([^"]+)",pid=')
LOOPBACK = ("127.", "[::1]", "[::ffff:127.")
# The record of a name that holds an address of an IP version (RFC 1035, RFC 3596), and its number.
RECORDS = {4: ("A", 1), 6: ("AAAA", 28)}


@control("NET-01")
def test_sockets_are_those_of_the_catalogue(
    host: Host, catalog: Catalog, served: Callable[[Host], set[tuple[str, int]]], observe: Callable[..., None]
) -> None:
    """Nothing listens that the catalogue does not list for this host, and all of that does."""
    listening: set[tuple[str, int]] = set()
    local: set[tuple[str, int]] = set()
    programs: dict[tuple[str, int], str] = {}
    for row in host.read("ss -H -lntup").splitlines():
        protocol, _, _, _, place, _, *users = row.split()
        address, _, port = place.rpartition(":")
        (local if address.startswith(LOOPBACK) else listening).add((protocol, int(port)))
        # users:(("nginx",pid=2,fd=6),("nginx",pid=1,fd=6)); a socket that systemd or the kernel holds may have none.
        programs[protocol, int(port)] = ", ".join(sorted(set(USER.findall("".join(users)))))
    observe(listening=sorted(listening), on_loopback_only=sorted(local))
    first, last = _ports(catalog, "turn_relay")
    relays = {(protocol, port) for protocol, port in listening if protocol == "udp" and first <= port <= last}
    declared = served(host)
    own = {(protocol, port) for name in catalog.local_ports for port in _ports(catalog, name) for protocol in ("tcp",)}
    extra = listening - declared - (relays if "media" in host.roles else set())
    assert not extra, f"listens without being in the catalogue: {_words(extra, programs)}"
    missing = declared - listening
    assert not missing, f"in the catalogue, but nothing listens: {_words(missing)}"
    strange = local - own - declared
    assert not strange, f"listens on loopback without being in the catalogue: {_words(strange, programs)}"


@control("NET-02")
def test_inbound_is_dropped_by_default(host: Host, observe: Callable[..., None]) -> None:
    """The table of the site is loaded, in isolation beside the cut, and drops what no rule lets in, through or out."""
    isolated = host.mode != "open"
    own = ["inet conclave", "inet conclave_cut"] if isolated else ["inet conclave"]
    every = firewall.objects(host, "nft -j list ruleset")
    tables = [f"{entry['table']['family']} {entry['table']['name']}" for entry in every if "table" in entry]
    chains = [entry["chain"] for entry in firewall.objects(host) if "hook" in entry.get("chain", {})]
    # At priority 0 stands what decides; chains before it mark packets and check senders.
    policies = {chain["hook"]: chain["policy"] for chain in chains if chain["type"] == "filter" and chain["prio"] == 0}
    foreign = {table: firewall.refusals(every, table) for table in tables if table not in own}
    observe(tables=tables, policies=policies, isolated=isolated, foreign=foreign)
    named = "; ".join(f"{table} ({', '.join(found) or 'it refuses nothing'})" for table, found in foreign.items())
    assert not foreign, f"tables of somebody else: {named}"
    assert sorted(tables) == own, f"tables, where {own} should be: {tables}"
    expected = {"input": "drop", "forward": "drop", "output": "drop"}
    assert {hook: policies.get(hook) for hook in expected} == expected, f"policies are {policies}"


@control("CFG-02")
def test_live_rules_are_those_of_the_control_node(host: Host, observe: Callable[..., None]) -> None:
    """What the kernel enforces, and what the host would load next, is what the control node renders, rule by rule."""
    live = firewall.objects(host)
    different, files = firewall.differences(host), firewall.changed_files(host)
    observe(objects=len(live), different=different, changed_files=files)
    assert live, "the table of the site is empty"
    # Somebody else's table is NET-02's subject.
    own = [one for one in different if not one.startswith("+ table ")]
    assert not own, f"not as the control node renders them: {'; '.join(own[:5])}; do: conclave deploy"
    assert not files, f"staged files are not as rendered: {', '.join(files)}; do: conclave deploy"


@control("NET-04")
def test_host_cannot_reach_the_outside(host: Host, outside: Outside, observe: Callable[..., None]) -> None:
    """A packet to the outside is refused at the host, counted there, and never arrives."""
    packets = 3
    # Without a route, as over IPv6 at a site that has none, no packet is made that a rule could refuse.
    routed = [address for address in outside.addresses if host.run("ip route get %s", address).status == 0]
    without = [address for address in outside.addresses if address not in routed]
    if not routed:
        observe(tried=0, without_route=without)
        raise NotApplicable(
            f"no route leads from here to {' or '.join(without)}, so nothing could be sent for a rule to refuse; "
            "CFG-02 and NET-02 look at the rules themselves"
        )
    before, counted = outside.arrived(), firewall.counter(host, "refused-outside")
    for address in routed:
        left = host.probe("send_udp", address=address, port=outside.PORT, count=packets)
        assert left == 0, f"{left} packets to {address} left the host"
    refused = firewall.counter(host, "refused-outside") - counted
    after = outside.arrived()
    arrived = after.packets - before.packets if after and before else None
    tried = packets * len(routed)
    observe(tried=tried, refused_and_counted=refused, arrived_outside=arrived, without_route=without)
    assert refused == tried, f"{refused} packets to {', '.join(routed)} were counted, {packets} were sent to each"
    assert not arrived, f"{arrived} packets arrived outside"


@control("NET-08")
def test_nobody_on_this_host_tries_to_reach_the_outside(
    host: Host, outside: Outside, observe: Callable[..., None]
) -> None:
    """The host's own record of refused packets names nobody, but for the probes of this suite."""
    found = firewall.attempts(host)
    own = [row for row in found if row["to"] in outside.addresses and row["port"] == outside.PORT]
    others = [row for row in found if row not in own]
    observe(set_looked_at="inet conclave egress_denied_own4, egress_denied_own6", own_probes=own, attempts=others)
    words = [f"{row['user']} -> {row['to']} {row['protocol']}/{row['port']} ({row['packets']}x)" for row in others]
    forget = f"the record stays until the rules are loaded anew, on {host}: systemctl reload conclave-firewall.service"
    assert not others, f"tried to get out: {', '.join(words)}; {forget}"


@control("NET-05")
def test_administration_is_reached_from_management_only(
    *,
    hosts: list[Host],
    site: Site,
    users: Vantage,
    authority: str,
    by_role: Callable[[str], Host],
    observe: Callable[..., None],
) -> None:
    """The public names answer 404 to every administrative path, and ssh answers nobody in the users' zone."""
    edge, domain = by_role("edge"), site.answers.domain
    paths = {
        "sso": [
            "/",
            "/admin/",
            "/realms/master/",
            "/metrics",
            "/health",
            "/realms/conclave/clients-registrations/default",
            "/realms/conclave/..;/..;/admin/",
        ],
        "media": ["/", "/twirp/livekit.RoomService/ListRooms", "/metrics", "/agent", "/whip", "/debug/pprof/"],
        "meet": ["/api/livekit/webhook"],
    }
    statuses = {}
    for name, wanted in paths.items():
        for path in wanted:
            answer = users.probe(
                "http_get", address=edge.address, port=443, name=f"{name}.{domain}", path=path, authority=authority
            )
            statuses[f"{name}{path}"] = answer["status"]
    ssh = {}
    # The control node of real hosts may ask, and nobody else can be asked to try.
    if users.name == "users":
        targets = [(host, port) for host in hosts for port in sorted({22, site.host_named(host.name).ansible_port})]
        answers = users.probe("connect", targets=[(host.address, port) for host, port in targets])
        ssh = dict(zip([f"{host.name}:{port}" for host, port in targets], answers, strict=True))
    observe(statuses=statuses, looked_from=users.name, ssh_from_users=ssh)
    shown = {path: status for path, status in statuses.items() if status != 404}
    assert not shown, f"not 404: {shown}"
    assert "open" not in ssh.values(), f"ssh answers users: {ssh}"


@control("NET-10")
def test_own_names_are_known_and_others_refused_at_once(
    site: Site, catalog: Catalog, users: Vantage, by_role: Callable[[str], Host], observe: Callable[..., None]
) -> None:
    """The name server answers for the site's names and refuses every other within a tenth of a second."""
    server = by_role("core").address
    records = {
        (name, *RECORDS[address.version])
        for name, role in catalog.names.items()
        for host in site.hosts_with(role)
        for address in host.main_addresses
    }
    own = {
        f"{name} {record}": users.probe("ask_name", server=server, name=f"{name}.{site.answers.domain}", kind=kind)
        for name, record, kind in sorted(records)
    }
    foreign = {name: users.probe("ask_name", server=server, name=name) for name in ("example.com", "stun.example.net")}
    observe(own=own, foreign=foreign)
    assert own, "the catalogue gives no name to any host"
    unknown = [name for name, answer in own.items() if answer["code"] != 0 or not answer["answers"]]
    assert not unknown, f"not known: {', '.join(unknown)}"
    refused = 5
    answered = {name: answer for name, answer in foreign.items() if answer["code"] != refused}
    assert not answered, f"not refused: {answered}"
    slow = {name: answer["seconds"] for name, answer in foreign.items() if answer["seconds"] > 0.1}
    assert not slow, f"refused slowly: {slow}"


def _ports(catalog: Catalog, name: str) -> list[int]:
    value = catalog.local_ports[name]
    return value if isinstance(value, list) else [value]


def _words(sockets: set[tuple[str, int]], programs: dict[tuple[str, int], str] | None = None) -> str:
    """Name sockets, and whose they are: the first ones of each program, for there may be hundreds."""
    ports: dict[str, list[str]] = {}
    for protocol, port in sorted(sockets):
        ports.setdefault((programs or {}).get((protocol, port), ""), []).append(f"{protocol} {port}")
    said = []
    for program, own in sorted(ports.items()):
        more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
        said.append(f"{', '.join(own[:SHOWN])}{more}{f' ({program})' if program else ''}")
    return "; ".join(said)
