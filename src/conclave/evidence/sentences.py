"""What findings, remarks and gaps say to people; the file itself holds codes and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.text import N_, translations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conclave.language import Language

# By code. Every code of the judges stands here; a test holds them to it.
SENTENCES: dict[str, str] = {
    # What speaks against isolation.
    "missing": N_("{host} could not be examined ({phase}): {reason}"),
    "mode": N_("{host} does not report that it is isolated ({phase}): {mode}"),
    "rules-unread": N_("{host}: the {which} rules could not be listed ({phase}): {reason}"),
    "rules-differ": N_("{host}: the rules in force are not the staged ones ({phase}): {parts}; {rows}"),
    "rules-not-rendered": N_(
        "{host}: the rules in force are not those that the control node rendered ({phase}): {parts}; {rows}"
    ),
    "set-wider": N_("{host}: the set {set} in force also holds {addresses} ({phase})"),
    "set-narrower": N_("{host}: the set {set} in force lacks {addresses} ({phase})"),
    "staged-differs": N_("{host}: {file} is not as the control node rendered it ({phase}): {rows}"),
    "staged-missing": N_("{host}: {file} cannot be read ({phase})"),
    "interface-unknown": N_(
        "{host}: the interface {interface} has the address {address}, which the site does not know ({phase})"
    ),
    "interfaces-unread": N_("{host}: the interfaces could not be listed ({phase}): {reason}"),
    "clock": N_(
        "{host}: its clock differs from the control node's by {seconds} s ({phase}), so the times of this proof are in "
        "doubt; at most {most} s are allowed"
    ),
    "rules-replaced": N_("{host}: rules were reloaded during the proof, so the counters started again: {tables}"),
    "rebooted": N_("{host} was restarted during the proof"),
    "counter-missing": N_("{host}: the counter {counter} does not exist, so no attempts were counted"),
    "counter-blind": N_(
        "{host}: the counter {counter} saw {counted} of {sent} closing probes, so it may have missed other packets, too"
    ),
    "probes-uncounted": N_("{host}: of {sent} probes to {to}, {counted} were counted with their sender ({phase})"),
    "guest-probes-uncounted": N_(
        "{host}: of {sent} probes from the users' zone to {to}, {counted} were counted ({phase})"
    ),
    "tried": N_("{host} tried to send {packets} packets outside: {denied}"),
    "tried-past-rules": N_(
        "{host}: {packets} packets to the outside passed the host's own rules; only the cut stopped them: {denied}"
    ),
    "passed-on": N_(
        "{host} sent {packets} packets for {to} {protocol} {port} as far as the router {router}, which rejected them"
    ),
    "asked": N_(
        "{host} queried the site's DNS server {times} times for the external name {name} ({type}); it was refused"
    ),
    "names-answered": N_("{host} got an answer for the external name {name}: {answer}"),
    "names-blind": N_("the DNS server did not log the probe query of {host} ({phase})"),
    "left": N_("{packets} packets left the site through {interface} of {host}: {seen}"),
    "arrived": N_("{packets} packets reached the canary outside: {seen}"),
    "capture-missing": N_("no traffic was captured on {host}: {reason}"),
    "capture-short": N_("{host}: the capture does not cover the whole time between the probes"),
    "capture-ended": N_("{host}: the capture on {interface} ended by itself with status {status}"),
    "capture-too-large": N_("{host}: the capture on {interface} was too large, {bytes} bytes were not kept"),
    "capture-damaged": N_("{host}: the capture on {interface} cannot be read: {reason}"),
    "beats-missing": N_(
        "{host}: the capture on {interface} has gaps: heartbeats {first}..{last} of {of} are missing, {begin}-{end} UTC"
    ),
    "beats-paused": N_(
        "{host}: no heartbeat on {interface} for {seconds} s, so nothing vouches for the capture in that time"
    ),
    "drops": N_("{host}: the kernel dropped {packets} packets of the capture on {interface}"),
    "drops-unknown": N_("{host}: the kernel did not report how many packets of the capture on {interface} it dropped"),
    "call": N_("the call failed: {reason}"),
    "page": N_("{url} could not be loaded: {reason}"),
    "page-foreign": N_("{url} makes browsers fetch from outside: {addresses}"),
    # Facts that are no failure.
    "device": N_("{from} (zone {zone}) tried {to} {protocol} {port}, {packets} packets, rejected"),
    "device-asked": N_("{from} (zone {zone}) queried the external name {name} ({type}) {times} times, refused"),
    "older": N_("{host} still sent {packets} packets on connections opened before the cut; they were rejected"),
    "cut": N_("{host}: the cut dropped {packets} packets that were on their way to the outside"),
    "link": N_("{host}: {frames} {name} frames to neighbours on the link of {interface}; routers do not forward them"),
    "interface-unwatched": N_(
        "{host}: the interface {interface} is up, without an address, and was not captured ({phase})"
    ),
    "clock-alone": N_("{host}: its clock followed no other clock ({phase})"),
    # What was not looked at.
    "capture": N_("the line to the outside: the site has no router of its own that could capture it"),
    "canary": N_("there is no canary outside"),
    "guest-probe": N_("whether the router counts users' devices: no probe was sent from their zone"),
    "names": N_("which external names were queried: the DNS server does not log what it refuses"),
    "no-call": N_("a call: none was held"),
    "call-short": N_("more than {seconds} s of a call; a full proof takes {least} s"),
    "pages": N_("the page and the sign-in"),
    "other-ways": N_(
        "paths to the outside that do not pass the site's hosts: mobile networks, other lines, storage media"
    ),
    "contents": N_("what users' devices store or send on other paths"),
    "other-times": N_("any time before the opening and after the closing probes"),
}
# What stands before them, and the two numbers.
LABELS: dict[str, str] = {
    "isolated": N_("ISOLATED"),
    "isolated-hosts": N_("ISOLATED (HOSTS ONLY: no router of the site was watched)"),
    "not-isolated": N_("NOT ISOLATED"),
    "time": N_("{site} ({domain}), {began} to {ended}"),
    "order": N_("by {actor}, reason: {reason}"),
    "left": N_("packets that left the site: {count}"),
    "tried": N_("attempts by our hosts: {count}"),
    "unseen": N_("not examined"),
    "finding": N_("finding: {text}"),
    "remark": N_("remark: {text}"),
    "gap": N_("not examined: {text}"),
    "clock": N_("clocks of hosts and control node: within {seconds} s"),
    "first": N_("certificate number {number}, the first of its row"),
    "follows": N_("certificate number {number}, follows {file}, which is beside it and unchanged"),
    "follows-unseen": N_("certificate number {number}, follows {file} ({digest}), which is not beside it"),
    "stranger": N_("a signature that does not count: {reason}"),
    "signed": N_("signed by {name}, {fingerprint}"),
}
_PHASES: dict[str, str] = {
    "opening": N_("opening"),
    "closing": N_("closing"),
}
_WHICH: dict[str, str] = {
    "live": N_("live"),
    "staged": N_("staged"),
    "rendered": N_("rendered"),
}


def sentence(found: Mapping[str, Any], language: Language) -> str:
    """Return what a finding, remark or gap says."""
    say = translations(language).gettext
    words = {key: _shown(value) for key, value in found.items()}
    for key, known in (("phase", _PHASES), ("which", _WHICH)):
        if found.get(key) in known:
            words[key] = say(known[found[key]])
    return say(SENTENCES[found["code"]]).format(**words)


def label(code: str, language: Language, **words: object) -> str:
    """Return one of the fixed texts around the sentences."""
    return translations(language).gettext(LABELS[code]).format(**words)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value)
    if isinstance(value, dict) and "packet" in value:
        return f"{value['packet']} ({value['times']})"
    if isinstance(value, dict):
        return f"{value['who']} > {value['to']} {value['protocol']} {value['port']} ({value['packets']})"
    return str(value)
