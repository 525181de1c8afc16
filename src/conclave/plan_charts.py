"""Where the strokes of a plan's two charts stand: how full the uplink is, and how it fills with people from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave import bandwidth as bw
from conclave.bandwidth import Load

if TYPE_CHECKING:
    from conclave.planning import Plan

WIDTH, HEIGHT = 640, 260
# Room for the numbers at the axes.
LEFT, BOTTOM = 46, 30


@dataclass(frozen=True)
class Bar:
    """One direction of the uplink: lengths in units of the drawing, amounts in Mbit/s."""

    key: str
    link: float
    audio: float
    video: float
    audio_length: float
    video_length: float
    link_length: float
    reserve_at: float


def bars(plan: Plan) -> list[Bar]:
    """Return how full each direction of the uplink is."""
    wish = plan.wish
    shared = bw.wire(bw.SCREEN) + bw.wire(bw.SCREEN_LOW) if wish.sharing and wish.remote else 0.0
    rows = (
        ("out", wish.up, plan.down_each * wish.remote),
        ("in", wish.down, plan.up_each * wish.remote + Load(0, shared)),
    )
    found = []
    for key, link, load in rows:
        unit = WIDTH / max(link, load.total / 1000)
        audio, video = load.audio / 1000, load.video / 1000
        found.append(
            Bar(key, link, audio, video, audio * unit, video * unit, link * unit, bw.SHARE_CALLS * link * unit)
        )
    return found


@dataclass(frozen=True)
class Line:
    """How one view fills the way out of the site: ends of the stroke, people at most."""

    key: str
    x: float
    y: float
    people: int


@dataclass(frozen=True)
class Lines:
    """The lines, the height that conferences may reach, where this plan stands, and the numbers at the axes."""

    lines: list[Line]
    limit_y: float
    limit: float
    here_x: float
    here: int
    people_marks: list[tuple[float, int]]
    rate_marks: list[tuple[float, float]]


def lines(plan: Plan) -> Lines:
    """Return how the way out of the site fills, by view, up to a third more people than are planned or fit."""
    wish = plan.wish
    people = max(wish.people, 2)
    views = {
        "gallery": bw.received(people, "gallery", camera=wish.camera, ipv6=wish.ipv6),
        "speaker": bw.received(people, "speaker", camera=wish.camera, ipv6=wish.ipv6),
    }
    views["audio"] = Load(audio=views["speaker"].audio)
    fitting = {key: bw.carries(wish.up, each).people for key, each in views.items()}
    most = max(4, int(1.3 * max(wish.remote, fitting["speaker"], fitting["gallery"])))
    top = wish.up

    def x(count: float) -> float:
        return LEFT + (WIDTH - LEFT) * count / most

    def y(mbit: float) -> float:
        return (HEIGHT - BOTTOM) * (1 - mbit / top)

    drawn = []
    for key, each in views.items():
        # A line ends at the frame: on its right, or above.
        last = min(most, top * 1000 / each.total)
        drawn.append(Line(key, x(last), y(last * each.total / 1000), fitting[key]))
    limit = bw.SHARE_CALLS * wish.up
    steps = range(5)
    return Lines(
        drawn,
        y(limit),
        limit,
        x(wish.remote),
        wish.remote,
        [(x(most * step / 4), round(most * step / 4)) for step in steps],
        [(y(top * step / 4), top * step / 4) for step in steps],
    )
