"""From observations to a verdict, the hop at fault and the rule to ask for: a pure function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.rehearsal.known import MEDIA, MEDIA_TCP, MEDIA_UDP, NAMES, TURN_TLS, TURN_UDP, WEB
from conclave.rehearsal.result import Finding, Hop, Sentence
from conclave.rehearsal.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.rehearsal.known import Known
    from conclave.rehearsal.profiles import MediaPath, Verdict
    from conclave.rehearsal.result import Certificate, Measured, Reached, Rule, Seen, Value

# Below this share of the frames the video freezes more than it moves.
MOVES = 0.5
# From here on people notice: ITU-T G.114 for the delay of one way, doubled; loss that concealment does not hide.
LONG_MS, LOSSY_PERCENT = 300, 2.0
_COMMON_MTU = 1500
# Stages of the page at which no connection for media was tried yet.
_NO_MEETING = {"browser", "portal", "signalling"}
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
        notes.append(_say("busy", sent=sent, received=received))
    elif stands or not received:
        said = _say("freezes", sent=sent, received=received)
        return _finding("fails", said, path=page.path, hop="client network", notes=notes)
    missing = _BETTER[page.path]
    if not missing:
        said = _say("best-family", family=page.address_family) if page.address_family else _say("best")
        return _finding("works", said, path=page.path, notes=notes)
    hop, name = _where(missing[:1], seen, known)
    said = _blocked("detour", missing, known, hop, name, path=_path(page.path, known))
    ask = [known.rules[flow] for flow in missing]
    return _finding("slow", said, path=page.path, hop=hop, hop_name=name, ask=ask, notes=notes)


def _unnamed(seen: Seen, known: Known) -> Finding | None:
    unknown = [name for name in known.public if not seen.names.get(name)]
    if not unknown:
        return None
    return _finding("fails", _say("unresolved", names=unknown), hop="name server", ask=[known.rules[NAMES]])


def _closed(seen: Seen, known: Known) -> Finding | None:
    web = _reached(seen, WEB)
    if not web or any(one.state == "open" for one in web):
        return None
    hop, name = _where((WEB,), seen, known)
    if hop == "client network" and not any(one.state == "open" or one.by for one in seen.reached):
        # From outside, an isolated site looks like a network that lets nothing out.
        return _finding("fails", _say("silent", name=name), hop_name=name, notes=[_say("isolated")])
    said = _say("web-blocked", ports=_port(known.rules[WEB]), where=_at(hop, name))
    return _finding("fails", said, hop=hop, hop_name=name, ask=[known.rules[WEB]])


def _opened(seen: Seen, known: Known) -> Finding | None:
    """Tell a proxy that opens TLS from a site that shows a wrong certificate."""
    foreign = _foreign(seen)
    if foreign:
        issuers = list(dict.fromkeys(certificate.issuer for certificate in foreign))
        names = [certificate.name for certificate in foreign]
        ask = known.rules[WEB].model_copy(update={"name": ", ".join(names), "unopened": True})
        said = _say("inspected", names=names, issuers=issuers)
        return _finding("fails", said, hop="tls proxy", hop_name=", ".join(issuers), ask=[ask])
    wrong = [certificate for certificate in seen.certificates if certificate.issuer and not certificate.trusted]
    if not wrong:
        return None
    errors = "; ".join(f"{certificate.name}: {certificate.error}" for certificate in wrong)
    return _finding("fails", _say("certificates", errors=errors), hop="edge host", notes=[_say("site")])


def _no_media(seen: Seen, known: Known) -> Finding | None:
    """Page and signalling work, media does not."""
    if seen.page is None or seen.page.stage in _NO_MEETING:
        return None
    closed = tuple(flow for flow in MEDIA if flow == MEDIA_UDP or not _open(seen, flow))
    closed += () if _open(seen, TURN_TLS) else (TURN_TLS,)
    hop, name = _where(closed, seen, known)
    said = _blocked("no-media", closed, known, hop, name)
    return _finding("fails", said, hop=hop, hop_name=name, ask=[known.rules[flow] for flow in closed])


def _no_portal(seen: Seen, known: Known) -> Finding:
    """Nothing blocks the path as far as can be seen, and the site does not answer as it should."""
    hop: Hop = "portal"
    if seen.page and seen.page.stage == "browser":
        return _finding("fails", _say("no-webrtc"))
    if seen.page and seen.page.stage == "signalling":
        hop, said = "edge host", _say("no-signalling", name=f"media.{known.domain}")
    elif seen.page:
        refused = seen.page.refused
        said = _say("check-refused", reason=refused) if refused else _say("check-unanswered")
    else:
        url = f"https://meet.{known.domain}/check"
        if seen.page_error:
            hop, said = "edge host", _say("page-error", url=url, reason=seen.page_error)
        elif seen.page_status:
            said = _say("page-status", url=url, status=seen.page_status)
        else:
            said = _say("page-silent", url=url)
    return _finding("fails", said, hop=hop, notes=[_say("site")])


def _finding(
    verdict: Verdict,
    said: Sentence,
    *,
    path: MediaPath = "none",
    notes: Sequence[Sentence] = (),
    **more: Any,  # noqa: ANN401 - fields of Finding
) -> Finding:
    """Return a finding, its sentences in English beside what they are made of."""
    noted = list(notes)
    english = [sentence(one, "en") for one in noted]
    return Finding(verdict=verdict, path=path, why=sentence(said, "en"), said=said, notes=english, noted=noted, **more)


def _say(code: str, **values: Value) -> Sentence:
    return Sentence(code=code, values=values)


def _blocked(code: str, flows: Sequence[str], known: Known, hop: Hop, name: str, **more: Value) -> Sentence:
    ports = [_port(known.rules[flow]) for flow in flows]
    return _say(f"{code}-{'many' if len(flows) > 1 else 'one'}", ports=ports, where=_at(hop, name), **more)


def _at(hop: Hop, name: str) -> Sentence:
    return _say(f"at {hop}", name=f" ({name})" if name else "") if hop else _say("at")


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


def _notes(seen: Seen, page: Measured) -> list[Sentence]:
    """Return what else was seen that people would want to know."""
    found = []
    if page.round_trip_ms is not None and page.round_trip_ms >= LONG_MS:
        found.append(_say("delay", milliseconds=round(page.round_trip_ms)))
    if page.loss_percent is not None and page.loss_percent >= LOSSY_PERCENT:
        found.append(_say("loss", percent=page.loss_percent))
    if any(
        one.mapped and one.mapped.rpartition(":")[2] != one.own.rpartition(":")[2] for one in _reached(seen, TURN_UDP)
    ):
        found.append(_say("nat"))
    if seen.mtu is not None and seen.mtu < _COMMON_MTU:
        found.append(_say("mtu", bytes=seen.mtu))
    return [*found, *(_say("inspected-name", name=one.name, issuer=one.issuer) for one in _foreign(seen))]


def _path(reached: str, known: Known) -> Sentence:
    flow = {"tcp": MEDIA_TCP, "turn-udp": TURN_UDP, "turn-tls": TURN_TLS}[reached]
    return _say(f"path-{reached}", port=_port(known.rules[flow]))


def _port(rule: Rule) -> str:
    return f"{rule.protocol.upper()} {rule.port}"


def _reached(seen: Seen, flow: str) -> list[Reached]:
    return [one for one in seen.reached if one.flow == flow]


def _open(seen: Seen, flow: str) -> bool:
    return any(one.state == "open" for one in _reached(seen, flow))


def _foreign(seen: Seen) -> list[Certificate]:
    return [certificate for certificate in seen.certificates if certificate.foreign]
