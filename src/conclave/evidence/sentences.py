"""What findings, remarks and gaps say to people, in German and English; the file itself holds codes and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conclave.language import Language

# Code: English, German. Every code of the judges stands here; a test holds them to it.
SENTENCES: dict[str, tuple[str, str]] = {
    # What speaks against isolation.
    "missing": (
        "{host} could not be looked at ({phase}): {reason}",
        "{host} konnte nicht befragt werden ({phase}): {reason}",
    ),
    "mode": (
        "{host} does not say that it is isolated ({phase}): {mode}",
        "{host} meldet sich nicht als abgeschottet ({phase}): {mode}",
    ),
    "rules-unread": (
        "{host}: the {which} rules could not be listed ({phase}): {reason}",
        "{host}: die Regeln ({which}) konnten nicht gelesen werden ({phase}): {reason}",
    ),
    "rules-differ": (
        "{host}: the rules in force are not the staged ones ({phase}): {parts}; {rows}",
        "{host}: die geltenden Regeln sind nicht die hinterlegten ({phase}): {parts}; {rows}",
    ),
    "rules-replaced": (
        "{host}: rules were loaded anew during the proof, so the counts began again: {tables}",
        "{host}: Während des Nachweises wurden Regeln neu geladen, die Zähler begannen von vorn: {tables}",
    ),
    "rebooted": ("{host} was restarted during the proof", "{host} wurde während des Nachweises neu gestartet"),
    "counter-missing": (
        "{host}: the counter {counter} does not exist, so nobody counted attempts",
        "{host}: Der Zähler {counter} fehlt, Versuche hat also niemand gezählt",
    ),
    "counter-blind": (
        "{host}: the counter {counter} saw {counted} of {sent} closing probes, so it would not have seen others either",
        "{host}: Der Zähler {counter} sah {counted} von {sent} Schlussproben, anderes hätte er auch nicht gesehen",
    ),
    "probes-uncounted": (
        "{host}: of {sent} probes to {to} {counted} were counted by sender ({phase})",
        "{host}: Von {sent} Proben an {to} wurden {counted} mit Absender gezählt ({phase})",
    ),
    "guest-probes-uncounted": (
        "{host}: of {sent} probes from the users' zone to {to} {counted} were counted ({phase})",
        "{host}: Von {sent} Proben aus der Benutzerzone an {to} wurden {counted} gezählt ({phase})",
    ),
    "tried": (
        "{host} tried to send {packets} packets outside: {denied}",
        "{host} wollte {packets} Pakete nach außen senden: {denied}",
    ),
    "tried-past-rules": (
        "{host}: {packets} packets to the outside passed the host's own rules and were stopped by the cut: {denied}",
        "{host}: {packets} Pakete nach außen passierten die eigenen Regeln; erst der Schnitt hielt sie auf: {denied}",
    ),
    "passed-on": (
        "{host} sent {packets} packets for {to} {protocol} {port} as far as the router {router}, which refused them",
        "{host} sandte {packets} Pakete für {to} {protocol} {port} bis zum Router {router}, der sie abwies",
    ),
    "asked": (
        "{host} asked the site's name server {times} times for the outside name {name} ({type}); it was refused",
        "{host} fragte den Namensserver {times}-mal nach dem auswärtigen Namen {name} ({type}); er lehnte ab",
    ),
    "names-answered": (
        "{host} got an answer for the outside name {name}: {answer}",
        "{host} bekam eine Antwort auf den auswärtigen Namen {name}: {answer}",
    ),
    "names-blind": (
        "the name server did not record what {host} asked as a probe ({phase})",
        "Der Namensserver hat die Probefrage von {host} nicht aufgezeichnet ({phase})",
    ),
    "left": (
        "{packets} packets left the site by {interface} of {host}: {seen}",
        "{packets} Pakete verließen die Site über {interface} von {host}: {seen}",
    ),
    "arrived": (
        "{packets} packets reached the canary outside: {seen}",
        "{packets} Pakete erreichten den Kanarienvogel draußen: {seen}",
    ),
    "capture-missing": (
        "nothing was recorded on {host}: {reason}",
        "Auf {host} wurde nichts aufgezeichnet: {reason}",
    ),
    "capture-short": (
        "{host}: the recording does not cover the whole time between the probes",
        "{host}: Die Aufzeichnung deckt nicht die ganze Zeit zwischen den Proben ab",
    ),
    "capture-ended": (
        "{host}: the recording on {interface} ended by itself with status {status}",
        "{host}: Die Aufzeichnung auf {interface} endete von selbst mit Status {status}",
    ),
    "capture-too-large": (
        "{host}: the recording on {interface} was too large, {bytes} bytes were not kept",
        "{host}: Die Aufzeichnung auf {interface} war zu groß, {bytes} Bytes fehlen",
    ),
    "capture-damaged": (
        "{host}: the recording on {interface} cannot be read: {reason}",
        "{host}: Die Aufzeichnung auf {interface} ist nicht lesbar: {reason}",
    ),
    "beats-missing": (
        "{host}: the recording on {interface} was blind: heartbeats {first}..{last} of {of} unseen, {begin}-{end} UTC",
        "{host}: Aufzeichnung auf {interface} blind: Herzschläge {first}..{last} von {of} ungesehen, {begin}-{end} UTC",
    ),
    "beats-paused": (
        "{host}: no heartbeat on {interface} for {seconds} s, so nothing vouches for the recording in that time",
        "{host}: {seconds} s lang kein Herzschlag auf {interface}; für diese Zeit bürgt nichts für die Aufzeichnung",
    ),
    "drops": (
        "{host}: the kernel dropped {packets} packets of the recording on {interface}",
        "{host}: Der Kernel verwarf {packets} Pakete der Aufzeichnung auf {interface}",
    ),
    "drops-unknown": (
        "{host}: the kernel did not say how many packets of the recording on {interface} it dropped",
        "{host}: Der Kernel sagte nicht, wie viele Pakete der Aufzeichnung auf {interface} er verwarf",
    ),
    "call": ("the call did not succeed: {reason}", "Das Gespräch gelang nicht: {reason}"),
    "page": ("{url} could not be loaded: {reason}", "{url} war nicht zu laden: {reason}"),
    "page-foreign": (
        "{url} makes browsers fetch from outside: {addresses}",
        "{url} lässt Browser von außen laden: {addresses}",
    ),
    # Facts that are no failure.
    "device": (
        "{from} (zone {zone}) tried {to} {protocol} {port}, {packets} packets, refused",
        "{from} (Zone {zone}) versuchte {to} {protocol} {port}, {packets} Pakete, abgewiesen",
    ),
    "device-asked": (
        "{from} (zone {zone}) asked for the outside name {name} ({type}) {times} times, refused",
        "{from} (Zone {zone}) fragte {times}-mal nach dem auswärtigen Namen {name} ({type}), abgelehnt",
    ),
    "older": (
        "{host} still sent {packets} packets into connections older than the cut; they were refused",
        "{host} sandte noch {packets} Pakete in Verbindungen von vor dem Schnitt; sie wurden abgewiesen",
    ),
    "cut": (
        "{host}: the cut dropped {packets} packets that were under way to the outside",
        "{host}: Der Schnitt verwarf {packets} Pakete auf dem Weg nach außen",
    ),
    "link": (
        "{host}: {frames} {name} frames for neighbours on the link of {interface}; no router passes them on",
        "{host}: {frames} {name}-Rahmen an Nachbarn auf der Leitung von {interface}; kein Router reicht sie weiter",
    ),
    # What was not looked at.
    "capture": (
        "the line to the outside: the site has no router of its own that could record it",
        "die Leitung nach außen: Die Site hat keinen eigenen Router, der sie aufzeichnen könnte",
    ),
    "canary": ("no canary stands outside", "draußen steht kein Kanarienvogel"),
    "guest-probe": (
        "whether the router counts users' devices: no probe was sent from their zone",
        "ob der Router Geräte der Benutzer zählt: Aus ihrer Zone wurde keine Probe gesandt",
    ),
    "names": (
        "which outside names were asked for: the name server keeps no record of what it refuses",
        "nach welchen auswärtigen Namen gefragt wurde: Der Namensserver zeichnet Ablehnungen nicht auf",
    ),
    "no-call": ("a call: none was held", "ein Gespräch: Es wurde keines geführt"),
    "call-short": (
        "more than {seconds} s of a call; a full proof takes {least} s",
        "mehr als {seconds} s eines Gesprächs; ein voller Nachweis dauert {least} s",
    ),
    "pages": ("the page and the sign-in", "die Seite und die Anmeldung"),
    "other-ways": (
        "ways out that do not pass the site's hosts: mobile networks, other lines, data carriers",
        "Wege nach außen, die nicht über die Rechner der Site führen: Mobilfunk, andere Leitungen, Datenträger",
    ),
    "contents": (
        "what users' devices keep or send by other ways",
        "was Geräte der Benutzer behalten oder auf anderen Wegen senden",
    ),
    "other-times": (
        "any time before the opening and after the closing probes",
        "jede Zeit vor den Eröffnungs- und nach den Schlussproben",
    ),
}
# What stands before them, and the two numbers.
LABELS: dict[str, tuple[str, str]] = {
    "isolated": ("ISOLATED", "ABGESCHOTTET"),
    "not-isolated": ("NOT ISOLATED", "NICHT ABGESCHOTTET"),
    "time": ("{site} ({domain}), {began} to {ended}", "{site} ({domain}), {began} bis {ended}"),
    "order": ("by {actor}, because: {reason}", "veranlasst von {actor}, Grund: {reason}"),
    "left": ("left the site: {count}", "verließen die Site: {count}"),
    "tried": ("tried by our hosts: {count}", "Versuche unserer Rechner: {count}"),
    "unseen": ("not looked at", "nicht betrachtet"),
    "finding": ("finding: {text}", "Befund: {text}"),
    "remark": ("remark: {text}", "Bemerkung: {text}"),
    "gap": ("not looked at: {text}", "nicht betrachtet: {text}"),
    "signed": ("signed by {name}, {fingerprint}", "signiert von {name}, {fingerprint}"),
}
_PHASES = {"opening": ("opening", "Eröffnung"), "closing": ("closing", "Schluss")}
_WHICH = {"live": ("live", "geltend"), "staged": ("staged", "hinterlegt")}


def sentence(found: Mapping[str, Any], language: Language) -> str:
    """Return what a finding, remark or gap says."""
    index = 0 if language == "en" else 1
    words = {key: _shown(value) for key, value in found.items()}
    for key, known in (("phase", _PHASES), ("which", _WHICH)):
        if found.get(key) in known:
            words[key] = known[found[key]][index]
    return SENTENCES[found["code"]][index].format(**words)


def label(code: str, language: Language, **words: object) -> str:
    """Return one of the fixed texts around the sentences."""
    return LABELS[code][0 if language == "en" else 1].format(**words)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value)
    if isinstance(value, dict) and "packet" in value:
        return f"{value['packet']} ({value['times']})"
    if isinstance(value, dict):
        return f"{value['who']} > {value['to']} {value['protocol']} {value['port']} ({value['packets']})"
    return str(value)
