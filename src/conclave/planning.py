"""The bandwidth of a planned meeting, every number with its formula, the values put in, and where it comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from conclave import bandwidth as bw
from conclave.bandwidth import Cap, Load, Outside, Stream, View
from conclave.text import N_

PACKET = "RFC 3550, 8285, 3711, 768, 791/8200; IEEE 802.3; LiveKit frame encryption"
PRESETS = "livekit-client 2.23, presets; web/src/call/CallSession.ts"
# What conclave.bandwidth calls its streams; it stands alone, for the portal has a copy.
STREAMS = (
    N_("audio"),
    N_("camera 180p"),
    N_("camera 360p"),
    N_("camera 540p"),
    N_("camera 720p"),
    N_("camera 1080p"),
    N_("screen 540p"),
    N_("screen 1080p"),
)
_VIEWS: tuple[tuple[View, str], ...] = (
    ("speaker", N_("participants outside, speaker view")),
    ("gallery", N_("participants outside, gallery view")),
)
SHARES = "RFC 4594 names the classes; sizes: docs/qos.md"


@dataclass(frozen=True)
class Wish:
    """What is planned: people in all, those of them outside the site, the uplink in Mbit/s, and what they see."""

    people: int
    remote: int
    up: float
    down: float
    view: View
    camera: int = bw.CAMERA_TOP
    sharing: bool = False
    ipv6: bool = False


@dataclass(frozen=True)
class Figure:
    """One number: what it is, its value and unit, the formula, the formula with values, the source."""

    key: str
    name: str
    value: float
    unit: str
    formula: str
    worked: str
    source: str


@dataclass(frozen=True)
class Section:
    """Figures that belong together."""

    key: str
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Plan:
    """What a meeting takes, what the uplink gives, and what each participant from outside may use."""

    wish: Wish
    sections: tuple[Section, ...]
    down_each: Load
    up_each: Load
    admitted: dict[str, int]
    fits: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return asdict(self)


def make(wish: Wish) -> Plan:
    """Return the plan of a meeting."""
    screen = bw.SCREEN if wish.sharing else None
    down = bw.received(wish.people, wish.view, camera=wish.camera, screen=screen, ipv6=wish.ipv6)
    up = bw.published(wish.camera, ipv6=wish.ipv6)
    shared = Load(video=_wire(bw.SCREEN, wish) + _wire(bw.SCREEN_LOW, wish)) if wish.sharing else Load()
    admitted = _admitted(wish)
    sections = (
        _streams(wish),
        _participant(wish, down, up),
        _links(wish, down, up, shared),
        _classes("classes-out", N_("Class sizes out of the site"), wish.up, down * wish.remote),
        _classes("classes-in", N_("Class sizes into the site"), wish.down, up * wish.remote + shared),
        _capacity(wish),
    )
    return Plan(wish, sections, down, up, admitted, fits=admitted[Cap.FULL] == wish.remote)


def _wire(stream: Stream, wish: Wish) -> float:
    return bw.wire(stream, ipv6=wish.ipv6)


def _streams(wish: Wish) -> Section:
    wanted = [bw.AUDIO, *(bw.CAMERA[height] for height in sorted({180, 360, wish.camera}))]
    wanted += [bw.SCREEN_LOW, bw.SCREEN] if wish.sharing else []
    around = bw.RTP + bw.EXTENSIONS + bw.SRTP_TAG + bw.UDP + (bw.IPV6 if wish.ipv6 else bw.IPV4) + bw.ETHERNET
    figures = []
    for stream in wanted:
        worked = f"{stream.kbit:g} + ({stream.packets:.1f} * {around} + {stream.frames:g} * {bw.E2EE}) * 8 / 1000"
        formula = "k + (p * headers + f * 30) * 8 / 1000"
        key = stream.name.replace(" ", "-")
        figures.append(Figure(key, stream.name, _wire(stream, wish), "kbit/s", formula, worked, f"{PACKET}; {PRESETS}"))
    return Section("streams", N_("Streams on the wire"), tuple(figures))


def _participant(wish: Wish, down: Load, up: Load) -> Section:
    seen = min(wish.people - 1, bw.TILES)
    speakers = min(bw.SPEAKERS, wish.people - 1)
    what = {"speaker": "large video + tiles of 180p + audio", "gallery": "tiles + audio"}[wish.view]
    what = "screen + tiles of 180p + audio" if wish.sharing else what
    layers = " + ".join(f"{_wire(bw.CAMERA[height], wish):.0f}" for height in sorted({180, 360, wish.camera}))
    return Section(
        "participant",
        N_("Each participant"),
        (
            Figure(
                "down",
                N_("receives"),
                down.total,
                "kbit/s",
                what,
                f"{down.video:.0f} for {seen} videos{' and a screen' if wish.sharing else ''}"
                f" + {speakers} * {_wire(bw.AUDIO, wish):.0f}",
                "sum over visible tiles; three voices at once",
            ),
            Figure(
                "up",
                N_("sends"),
                up.total,
                "kbit/s",
                "all layers + audio",
                f"{layers} + {_wire(bw.AUDIO, wish):.0f}",
                f"simulcast (RFC 8853); {PRESETS}",
            ),
        ),
    )


def _links(wish: Wish, down: Load, up: Load, shared: Load) -> Section:
    screen = f" + {shared.total:.0f}" if wish.sharing else ""
    rows = (
        ("sfu-in", N_("into the media host"), wish.people, up, screen, shared),
        ("sfu-out", N_("out of the media host"), wish.people, down, "", Load()),
        ("site-in", N_("into the site"), wish.remote, up, screen if wish.remote else "", shared),
        ("site-out", N_("out of the site"), wish.remote, down, "", Load()),
    )
    figures = tuple(
        Figure(
            key,
            name,
            (each * count + (extra if count else Load())).total / 1000,
            "Mbit/s",
            "participants * each" + (" + shared screen" if text else ""),
            f"({count} * {each.total:.0f}{text}) / 1000",
            "the SFU forwards, it does not mix (RFC 7667 section 3.7)",
        )
        for key, name, count, each, text, extra in rows
    )
    return Section("links", N_("Links"), figures)


def _classes(key: str, name: str, link: float, planned: Load) -> Section:
    sizes = bw.classes(link, planned)
    kbit = link * 1000
    rows = (
        ("audio", N_("audio (EF)"), sizes.audio, f"min(0.33 * {kbit:.0f}, {planned.audio:.0f})"),
        ("video", N_("video (AF41)"), sizes.video, f"min(0.45 * {kbit:.0f}, {planned.video:.0f})"),
        ("signalling", N_("signalling (CS3)"), sizes.signalling, f"0.02 * {kbit:.0f}"),
        ("rest", N_("everything else"), sizes.rest, f"{kbit:.0f} - {kbit - sizes.rest:.0f}"),
    )
    formulas = {
        "audio": "min(0.33 L, planned)",
        "video": "min(0.45 L, planned)",
        "signalling": "0.02 L",
        "rest": "L - others",
    }
    figures = tuple(
        Figure(part, shown, value, "kbit/s", formulas[part], worked, SHARES) for part, shown, value, worked in rows
    )
    return Section(key, name, figures)


def _capacity(wish: Wish) -> Section:
    views: tuple[tuple[str, str, Load, Load], ...] = (
        *(
            (
                view,
                name,
                bw.received(max(wish.people, 2), view, camera=wish.camera, ipv6=wish.ipv6),
                bw.published(wish.camera, ipv6=wish.ipv6),
            )
            for view, name in _VIEWS
        ),
        (
            "audio",
            N_("participants outside, audio only"),
            Load(audio=bw.received(max(wish.people, 2), "speaker", ipv6=wish.ipv6).audio),
            bw.published(0, ipv6=wish.ipv6),
        ),
    )
    figures = []
    for key, name, down, up in views:
        out, into = bw.carries(wish.up, down), bw.carries(wish.down, up)
        worked = " and ".join(
            f"0.75 * {link * 1000:.0f} / {each.total:.0f} = {found.by_total}, "
            f"0.33 * {link * 1000:.0f} / {each.audio:.0f} = {found.by_audio}"
            for link, each, found in ((wish.up, down, out), (wish.down, up, into))
        )
        formula = "least of ⌊0.75 L / each⌋ and ⌊0.33 L / audio of each⌋, both directions"
        figures.append(Figure(key, name, min(out.people, into.people), "people", formula, worked, SHARES))
    return Section("capacity", N_("What the uplink carries"), tuple(figures))


def _admitted(wish: Wish) -> dict[str, int]:
    """Return how many from outside get which cap, coming one after the other, as the portal lets them in."""
    inside: list[Outside] = []
    for _ in range(wish.remote):
        cap = bw.admit(wish.up, wish.down, wish.people, inside)
        if cap is None:
            break
        inside.append(Outside(cap, wish.people))
    counts = {str(cap): sum(one.cap is cap for one in inside) for cap in Cap}
    return {**counts, "refused": wish.remote - len(inside)}
