"""From observations to a verdict, the hop at fault and the rule to ask for: a pure function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.rehearsal.known import MEDIA, MEDIA_TCP, MEDIA_UDP, NAMES, TURN_TLS, TURN_UDP, WEB
from conclave.rehearsal.result import Finding, Hop

if TYPE_CHECKING:
    from conclave.rehearsal.known import Known
    from conclave.rehearsal.result import Certificate, Measured, Reached, Rule, Seen

# Below this share of the frames a picture stands more than it moves.
MOVES = 0.5
# From here on people notice: ITU-T G.114 for the delay of one way, doubled; loss that concealment does not hide.
LONG_MS, LOSSY_PERCENT = 300, 2.0
_COMMON_MTU = 1500
_SITES_SIDE = "conclave verify SITE looks at the site's side"
# Flows that a way does without, the best first: what to ask for when media takes it.
_BETTER: dict[str, tuple[str, ...]] = {
    "udp": (),
    "tcp": (MEDIA_UDP,),
    "turn-udp": (MEDIA_UDP,),
    "turn-tls": (MEDIA_UDP, MEDIA_TCP),
}


def diagnose(seen: Seen, known: Known) -> Finding:
    """Return what observations mean.

    Parameters
    ----------
    seen:
        What was observed from where the person stands.
    known:
        What is known of the site.
    """
    if seen.page and seen.page.stage == "ok" and seen.page.path != "none":
        return _ran(seen, seen.page, known)
    return (
        _unnamed(seen, known)
        or _closed(seen, known)
        or _opened(seen, known)
        or _no_media(seen, known)
        or _no_portal(seen, known)
    )


def _ran(seen: Seen, page: Measured, known: Known) -> Finding:
    """Media ran: say how well, by which way, and what stands in the way of a better one."""
    notes = _notes(seen, page)
    sent, received = page.frames_sent or 0, page.frames_received or 0
    stands = received < MOVES * sent
    if stands and received and page.loss_percent is not None and page.loss_percent < LOSSY_PERCENT:
        notes.append(f"of {sent} frames {received} were shown though packets arrived: the machine itself was busy")
    elif stands or not received:
        why = f"of {sent} frames {received} arrived: the picture stands still"
        return Finding(verdict="fails", way=page.path, hop="client network", why=why, notes=notes)
    missing = _BETTER[page.path]
    if not missing:
        family = f" over IPv{page.address_family}" if page.address_family else ""
        return Finding(verdict="works", way=page.path, why=f"media takes the best way, UDP{family}", notes=notes)
    hop, name = _where(missing[:1], seen, known)
    stopped = " and ".join(_port(known.rules[flow]) for flow in missing)
    why = f"media takes {_way(page.path, known)}, because {stopped} {_stopped(hop, name, many=len(missing) > 1)}"
    ask = [known.rules[flow] for flow in missing]
    return Finding(verdict="slow", way=page.path, hop=hop, hop_name=name, why=why, ask=ask, notes=notes)


def _unnamed(seen: Seen, known: Known) -> Finding | None:
    unknown = [name for name in known.public if not seen.names.get(name)]
    if not unknown:
        return None
    why = f"the network's name server does not know {', '.join(unknown)}"
    return Finding(verdict="fails", way="none", hop="name server", why=why, ask=[known.rules[NAMES]])


def _closed(seen: Seen, known: Known) -> Finding | None:
    web = _ways(seen, WEB)
    if not web or any(way.state == "open" for way in web):
        return None
    hop, name = _where((WEB,), seen, known)
    if hop == "client network" and not any(way.state == "open" or way.by for way in seen.ways):
        # A site that is cut off looks from outside like a network that lets nothing out: who drops all is not heard of.
        why = f"nothing of the site answers; the last who was heard of is {name}"
        notes = ["is the site isolated? conclave crisis status SITE"]
        return Finding(verdict="fails", way="none", hop_name=name, why=why, notes=notes)
    why = f"{_port(known.rules[WEB])} {_stopped(hop, name)}: not even the page comes"
    return Finding(verdict="fails", way="none", hop=hop, hop_name=name, why=why, ask=[known.rules[WEB]])


def _opened(seen: Seen, known: Known) -> Finding | None:
    """Tell a proxy that opens TLS from a site that shows a wrong certificate."""
    foreign = _foreign(seen)
    if foreign:
        issuers = ", ".join(dict.fromkeys(certificate.issuer for certificate in foreign))
        names = ", ".join(certificate.name for certificate in foreign)
        why = f"the certificate of {names} is not the site's, it is signed by {issuers}: a proxy opens TLS"
        ask = known.rules[WEB].model_copy(update={"name": names, "unopened": True})
        return Finding(verdict="fails", way="none", hop="tls proxy", hop_name=issuers, why=why, ask=[ask])
    wrong = [certificate for certificate in seen.certificates if certificate.issuer and not certificate.trusted]
    if not wrong:
        return None
    why = "; ".join(f"the certificate of {certificate.name}: {certificate.error}" for certificate in wrong)
    return Finding(verdict="fails", way="none", hop="edge host", why=why, notes=[_SITES_SIDE])


def _no_media(seen: Seen, known: Known) -> Finding | None:
    """Tell that page and signalling run, and media does not."""
    if seen.page is None or seen.page.stage in {"portal", "signalling"}:
        return None
    closed = [flow for flow in MEDIA if flow == MEDIA_UDP or not _open(seen, flow)]
    closed += [] if _open(seen, TURN_TLS) else [TURN_TLS]
    hop, name = _where(tuple(closed), seen, known)
    stopped = ", ".join(_port(known.rules[flow]) for flow in closed)
    why = f"signalling runs, media by no way: {stopped} {_stopped(hop, name, many=len(closed) > 1)}"
    ask = [known.rules[flow] for flow in closed]
    return Finding(verdict="fails", way="none", hop=hop, hop_name=name, why=why, ask=ask)


def _no_portal(seen: Seen, known: Known) -> Finding:
    """Tell that the way is free as far as can be seen, and the site does not answer as it should."""
    if seen.page:
        hop: Hop = "portal" if seen.page.stage == "portal" else "edge host"
        why = {
            "portal": f"the portal gave no room for the check ({seen.page.refused or 'no answer'})",
            "browser": "the browser has no WebRTC with encryption",
            "signalling": f"signalling to media.{known.domain} does not open: a proxy without WebSocket, or the edge",
        }.get(seen.page.stage, f"the check ended at {seen.page.stage}")
    else:
        hop = "edge host" if seen.page_error else "portal"
        status = f"status {seen.page_status}" if seen.page_status else "no answer"
        why = f"https://meet.{known.domain}/check does not come to an end: {seen.page_error or status}"
    return Finding(verdict="fails", way="none", hop=hop, why=why, notes=[_SITES_SIDE])


def _where(flows: tuple[str, ...], seen: Seen, known: Known) -> tuple[Hop, str]:
    """Return the hop where flows end: who said no, or the one after the last who was heard of."""
    ways = [way for flow in flows for way in _ways(seen, flow) if way.state != "open"]
    for way in ways:
        if way.by:
            return known.owner(way.by)
    for way in ways:
        if way.state == "refused":
            return known.owner(way.address)
    heard = [known.owner(way.last) for way in ways if way.last]
    # Whatever reached the site is not the client's network's fault.
    inside = [owner for owner in heard if owner[0] != "client network"]
    return (inside or heard or [("", "")])[0]


def _stopped(hop: Hop, name: str, *, many: bool = False) -> str:
    be = "are" if many else "is"
    if not hop:
        return f"{be} stopped somewhere on the way"
    after = ", or the host behind it" if hop == "site router" else ""
    return f"{be} stopped at the {_HOPS[hop]}{f' ({name})' if name else ''}{after}"


_HOPS: dict[Hop, str] = {
    "client network": "network box before the site",
    "site router": "site's router",
    "edge host": "edge host",
    "media host": "media host",
    "portal": "core host",
    "tls proxy": "TLS proxy",
    "name server": "name server",
}


def _notes(seen: Seen, page: Measured) -> list[str]:
    """Return what else was seen that people would want to know."""
    found = []
    if page.round_trip_ms is not None and page.round_trip_ms >= LONG_MS:
        found.append(f"{page.round_trip_ms:.0f} ms there and back: people interrupt each other")
    if page.loss_percent is not None and page.loss_percent >= LOSSY_PERCENT:
        found.append(f"{page.loss_percent:.1f} % of packets lost: the line or Wi-Fi, not a rule")
    if any(way.mapped and way.mapped.rpartition(":")[2] != way.own.rpartition(":")[2] for way in _ways(seen, TURN_UDP)):
        found.append("a translation (NAT) rewrites ports on the way")
    if seen.mtu is not None and seen.mtu < _COMMON_MTU:
        found.append(f"packets of at most {seen.mtu} bytes pass")
    found += [
        f"TLS for {certificate.name} is opened by {certificate.issuer}: where UDP is blocked, nothing will run"
        for certificate in _foreign(seen)
    ]
    return found


def _way(way: str, known: Known) -> str:
    flow = {"tcp": MEDIA_TCP, "turn-udp": TURN_UDP, "turn-tls": TURN_TLS}[way]
    relay = "" if way == "tcp" else "the relay over TLS, " if way == "turn-tls" else "the relay over "
    return f"{relay}{_port(known.rules[flow])}"


def _port(rule: Rule) -> str:
    return f"{rule.protocol.upper()} {rule.port}"


def _ways(seen: Seen, flow: str) -> list[Reached]:
    return [way for way in seen.ways if way.flow == flow]


def _open(seen: Seen, flow: str) -> bool:
    return any(way.state == "open" for way in _ways(seen, flow))


def _foreign(seen: Seen) -> list[Certificate]:
    return [certificate for certificate in seen.certificates if certificate.foreign]
