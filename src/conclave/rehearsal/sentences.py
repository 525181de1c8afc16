"""What a network rehearsal says to people: sentences with values, put into words in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.lists import format_list
from babel.numbers import format_decimal

from conclave.rehearsal.result import Sentence
from conclave.text import N_, translations

if TYPE_CHECKING:
    from conclave.language import Language
    from conclave.rehearsal.result import Value

VERDICTS: dict[str, str] = {
    "works": N_("works"),
    "slow": N_("works, but not directly over UDP"),
    "fails": N_("does not work"),
}
PATHS: dict[str, str] = {
    "udp": N_("direct, UDP"),
    "tcp": N_("direct, TCP"),
    "turn-udp": N_("TURN over UDP"),
    "turn-tls": N_("TURN over TLS"),
    "none": "-",
}
HOPS: dict[str, str] = {
    "": "-",
    "client network": N_("network before the site"),
    "tls proxy": N_("proxy that inspects TLS"),
    "site router": N_("the site's router, or the host behind it"),
    "edge host": N_("edge host"),
    "media host": N_("media host"),
    "portal": N_("portal"),
    "name server": N_("DNS server"),
}
# By code; `at ...` is where something is blocked, `name` the hop's name in brackets or nothing.
SENTENCES: dict[str, str] = {
    "best": N_("media takes the best path, direct UDP"),
    "best-family": N_("media takes the best path, direct UDP over IPv{family}"),
    "detour-one": N_("media takes {path}, because {ports} is blocked {where}"),
    "detour-many": N_("media takes {path}, because {ports} are blocked {where}"),
    "freezes": N_("of {sent} frames {received} arrived: the video freezes"),
    "unresolved": N_("the network's DNS server does not resolve {names}"),
    "silent": N_("nothing of the site answers; the last hop that did is {name}"),
    "web-blocked": N_("{ports} is blocked {where}: the page cannot be loaded"),
    "inspected": N_("the certificate of {names} is not the site's, it is signed by {issuers}: a proxy inspects TLS"),
    "certificates": N_("the browser refuses certificates of the site: {errors}"),
    "no-media-one": N_("signalling works, media does not: {ports} is blocked {where}"),
    "no-media-many": N_("signalling works, media does not: {ports} are blocked {where}"),
    "check-refused": N_("the portal did not admit the check ({reason})"),
    "check-unanswered": N_("the portal did not answer the check"),
    "no-webrtc": N_("the browser does not support encrypted WebRTC"),
    "no-signalling": N_("signalling to {name} fails: a proxy without WebSocket, or the edge"),
    "page-error": N_("{url} does not finish: {reason}"),
    "page-status": N_("{url} does not finish: status {status}"),
    "page-silent": N_("{url} does not finish: no answer"),
    # Paths, as a rule for a firewall names them.
    "path-tcp": "{port}",
    "path-turn-udp": N_("TURN over {port}"),
    "path-turn-tls": N_("TURN over TLS, {port}"),
    "at": N_("somewhere on the path"),
    "at client network": N_("at the network before the site{name}"),
    "at tls proxy": N_("at the TLS proxy{name}"),
    "at site router": N_("at the site's router{name}, or the host behind it"),
    "at edge host": N_("at the edge host{name}"),
    "at media host": N_("at the media host{name}"),
    "at portal": N_("at the core host{name}"),
    "at name server": N_("at the DNS server{name}"),
    # Notes.
    "busy": N_("of {sent} frames {received} were shown although packets arrived: this machine was busy"),
    "isolated": N_("is the site isolated? conclave crisis status SITE"),
    "site": N_("conclave verify SITE looks at the site's side"),
    "delay": N_("{milliseconds} ms round-trip time: people will talk over each other"),
    "loss": N_("{percent} % packet loss: the line or Wi-Fi, not a firewall rule"),
    "nat": N_("NAT rewrites ports on the path"),
    "mtu": N_("the path MTU is {bytes} bytes"),
    "inspected-name": N_("TLS for {name} is inspected by {issuer}: where UDP is blocked, calls will fail"),
}


def sentence(said: Sentence, language: Language) -> str:
    """Return what a finding or a note says."""
    words = {key: _shown(value, language) for key, value in said.values.items()}
    return translations(language).gettext(SENTENCES[said.code]).format(**words)


def _shown(value: Value, language: Language) -> str:
    if isinstance(value, Sentence):
        return sentence(value, language)
    if isinstance(value, list):
        return format_list(value, locale=language)
    return format_decimal(value, "0.0", locale=language) if isinstance(value, float) else str(value)
