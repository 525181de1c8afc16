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
# Flows that a path does without, the best first: what to request when media takes it.
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
    """Media ran: say how well, on which path, and what blocks a better one."""
    notes = _notes(seen, page)
    sent, received = page.frames_sent or 0, page.frames_received or 0
    stands = received < MOVES * sent
    if stands and received and page.loss_percent is not None and page.loss_percent < LOSSY_PERCENT:
        notes.append(f"of {sent} frames {received} were shown although packets arrived: this machine was busy")
    elif stands or not received:
        why = f"of {sent} frames {received} arrived: the video freezes"
        return Finding(verdict="fails", path=page.path, hop="client network", why=why, notes=notes)
    missing = _BETTER[page.path]
    if not missing:
        family = f" over IPv{page.address_family}" if page.address_family else ""
        return Finding(
            verdict="works", path=page.path, why=f"media takes the best path, direct UDP{family}", notes=notes
        )
    hop, name = _where(missing[:1], seen, known)
    stopped = " and ".join(_port(known.rules[flow]) for flow in missing)
    why = f"media takes {_path(page.path, known)}, because {stopped} {_stopped(hop, name, many=len(missing) > 1)}"
    ask = [known.rules[flow] for flow in missing]
    return Finding(verdict="slow", path=page.path, hop=hop, hop_name=name, why=why, ask=ask, notes=notes)


def _unnamed(seen: Seen, known: Known) -> Finding | None:
    unknown = [name for name in known.public if not seen.names.get(name)]
    if not unknown:
        return None
    why = f"the network's DNS server does not resolve {', '.join(unknown)}"
    return Finding(verdict="fails", path="none", hop="name server", why=why, ask=[known.rules[NAMES]])


def _closed(seen: Seen, known: Known) -> Finding | None:
    web = _reached(seen, WEB)
    if not web or any(one.state == "open" for one in web):
        return None
    hop, name = _where((WEB,), seen, known)
    if hop == "client network" and not any(one.state == "open" or one.by for one in seen.reached):
        # From outside, an isolated site looks like a network that lets nothing out.
        why = f"nothing of the site answers; the last hop that did is {name}"
        notes = ["is the site isolated? conclave crisis status SITE"]
        return Finding(verdict="fails", path="none", hop_name=name, why=why, notes=notes)
    why = f"{_port(known.rules[WEB])} {_stopped(hop, name)}: the page cannot be loaded"
    return Finding(verdict="fails", path="none", hop=hop, hop_name=name, why=why, ask=[known.rules[WEB]])


def _opened(seen: Seen, known: Known) -> Finding | None:
    """Tell a proxy that opens TLS from a site that shows a wrong certificate."""
    foreign = _foreign(seen)
    if foreign:
        issuers = ", ".join(dict.fromkeys(certificate.issuer for certificate in foreign))
        names = ", ".join(certificate.name for certificate in foreign)
        why = f"the certificate of {names} is not the site's, it is signed by {issuers}: a proxy inspects TLS"
        ask = known.rules[WEB].model_copy(update={"name": names, "unopened": True})
        return Finding(verdict="fails", path="none", hop="tls proxy", hop_name=issuers, why=why, ask=[ask])
    wrong = [certificate for certificate in seen.certificates if certificate.issuer and not certificate.trusted]
    if not wrong:
        return None
    why = "; ".join(f"the certificate of {certificate.name}: {certificate.error}" for certificate in wrong)
    return Finding(verdict="fails", path="none", hop="edge host", why=why, notes=[_SITES_SIDE])


def _no_media(seen: Seen, known: Known) -> Finding | None:
    """Page and signalling work, media does not."""
    if seen.page is None or seen.page.stage in {"portal", "signalling"}:
        return None
    closed = [flow for flow in MEDIA if flow == MEDIA_UDP or not _open(seen, flow)]
    closed += [] if _open(seen, TURN_TLS) else [TURN_TLS]
    hop, name = _where(tuple(closed), seen, known)
    stopped = ", ".join(_port(known.rules[flow]) for flow in closed)
    why = f"signalling works, media does not: {stopped} {_stopped(hop, name, many=len(closed) > 1)}"
    ask = [known.rules[flow] for flow in closed]
    return Finding(verdict="fails", path="none", hop=hop, hop_name=name, why=why, ask=ask)


def _no_portal(seen: Seen, known: Known) -> Finding:
    """Nothing blocks the path as far as can be seen, and the site does not answer as it should."""
    if seen.page:
        hop: Hop = "portal" if seen.page.stage == "portal" else "edge host"
        why = {
            "portal": f"the portal did not admit the check ({seen.page.refused or 'no answer'})",
            "browser": "the browser does not support encrypted WebRTC",
            "signalling": f"signalling to media.{known.domain} fails: a proxy without WebSocket, or the edge",
        }.get(seen.page.stage, f"the check ended at {seen.page.stage}")
    else:
        hop = "edge host" if seen.page_error else "portal"
        status = f"status {seen.page_status}" if seen.page_status else "no answer"
        why = f"https://meet.{known.domain}/check does not finish: {seen.page_error or status}"
    return Finding(verdict="fails", path="none", hop=hop, why=why, notes=[_SITES_SIDE])


def _where(flows: tuple[str, ...], seen: Seen, known: Known) -> tuple[Hop, str]:
    """Return the hop where flows end: who said no, or the one after the last who was heard of."""
    blocked = [one for flow in flows for one in _reached(seen, flow) if one.state != "open"]
    for one in blocked:
        if one.by:
            return known.owner(one.by)
    for one in blocked:
        if one.state == "refused":
            return known.owner(one.address)
    heard = [known.owner(one.last) for one in blocked if one.last]
    # Whatever reached the site is not the client's network's fault.
    inside = [owner for owner in heard if owner[0] != "client network"]
    return (inside or heard or [("", "")])[0]


def _stopped(hop: Hop, name: str, *, many: bool = False) -> str:
    be = "are" if many else "is"
    if not hop:
        return f"{be} blocked somewhere on the path"
    after = ", or the host behind it" if hop == "site router" else ""
    return f"{be} blocked at the {_HOPS[hop]}{f' ({name})' if name else ''}{after}"


_HOPS: dict[Hop, str] = {
    "client network": "network before the site",
    "site router": "site's router",
    "edge host": "edge host",
    "media host": "media host",
    "portal": "core host",
    "tls proxy": "TLS proxy",
    "name server": "DNS server",
}


def _notes(seen: Seen, page: Measured) -> list[str]:
    """Return what else was seen that people would want to know."""
    found = []
    if page.round_trip_ms is not None and page.round_trip_ms >= LONG_MS:
        found.append(f"{page.round_trip_ms:.0f} ms round-trip time: people will talk over each other")
    if page.loss_percent is not None and page.loss_percent >= LOSSY_PERCENT:
        found.append(f"{page.loss_percent:.1f} % packet loss: the line or Wi-Fi, not a firewall rule")
    if any(
        one.mapped and one.mapped.rpartition(":")[2] != one.own.rpartition(":")[2] for one in _reached(seen, TURN_UDP)
    ):
        found.append("NAT rewrites ports on the path")
    if seen.mtu is not None and seen.mtu < _COMMON_MTU:
        found.append(f"the path MTU is {seen.mtu} bytes")
    found += [
        f"TLS for {certificate.name} is inspected by {certificate.issuer}: where UDP is blocked, calls will fail"
        for certificate in _foreign(seen)
    ]
    return found


def _path(reached: str, known: Known) -> str:
    flow = {"tcp": MEDIA_TCP, "turn-udp": TURN_UDP, "turn-tls": TURN_TLS}[reached]
    relay = "" if reached == "tcp" else "TURN over TLS, " if reached == "turn-tls" else "TURN over "
    return f"{relay}{_port(known.rules[flow])}"


def _port(rule: Rule) -> str:
    return f"{rule.protocol.upper()} {rule.port}"


def _reached(seen: Seen, flow: str) -> list[Reached]:
    return [one for one in seen.reached if one.flow == flow]


def _open(seen: Seen, flow: str) -> bool:
    return any(one.state == "open" for one in _reached(seen, flow))


def _foreign(seen: Seen) -> list[Certificate]:
    return [certificate for certificate in seen.certificates if certificate.foreign]
