"""The formula agrees with the tables it was written from, and admission keeps to it."""

from __future__ import annotations

import ast
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from conclave import bandwidth as bw
from conclave.bandwidth import CAMERA, Cap, Load, Outside

PRODUCT = ("speaker", 540), ("gallery", 540)


@pytest.mark.parametrize(
    ("stream", "kbit"),
    [
        (bw.SPEECH, 68),
        (bw.AUDIO, 92),
        (CAMERA[180], 178),
        (CAMERA[360], 488),
        (CAMERA[540], 864),
        (CAMERA[720], 1831),
        (CAMERA[1080], 3225),
        (bw.SCREEN, 2685),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_stream_takes_on_the_wire_what_the_table_says(stream: bw.Stream, kbit: int) -> None:
    assert round(bw.wire(stream)) == kbit


def test_a_room_system_without_frame_encryption_and_extensions_takes_less() -> None:
    video, audio = bw.Stream("room 720p", 1500, 25), bw.Stream("G.722", 64, 50, audio=True)
    both = sum(bw.wire(stream, encrypted=False, extensions=0) for stream in (video, audio))
    assert both == pytest.approx(1690, rel=0.005)


@pytest.mark.parametrize(
    ("options", "more"),
    [({"ipv6": True}, 50 * 20 * 8 / 1000), ({"relayed": True}, 50 * 4 * 8 / 1000), ({"encrypted": False}, -12)],
)
def test_each_option_changes_sound_by_its_bytes(options: dict[str, bool], more: float) -> None:
    assert bw.wire(bw.AUDIO, **options) - bw.wire(bw.AUDIO) == pytest.approx(more)


@pytest.mark.parametrize(("camera", "mbit"), [(720, 2.6), (360, 0.76), (0, 0.092)])
def test_a_sender_takes_all_layers_up_to_the_largest(camera: int, mbit: float) -> None:
    assert bw.published(camera).total / 1000 == pytest.approx(mbit, rel=0.01)


@pytest.mark.parametrize(
    ("people", "view", "camera", "mbit"),
    [
        (10, "speaker", 720, 3.5),
        (100, "speaker", 720, 3.5),
        (10, "gallery", 720, 4.7),
        (100, "gallery", 540, 4.7),
        (2, "speaker", 540, 0.956),
        (1, "gallery", 540, 0.0),
    ],
)
def test_a_receiver_takes_what_the_view_shows(people: int, view: bw.View, camera: int, mbit: float) -> None:
    assert bw.received(people, view, camera=camera).total / 1000 == pytest.approx(mbit, rel=0.01)


@pytest.mark.parametrize(
    ("view", "by_total", "people"),
    [(bw.received(50, "speaker", camera=720), 21, 21), (bw.received(50, "gallery", camera=720), 16, 16)],
    ids=["speaker", "gallery"],
)
def test_a_hundred_megabit_carry_what_the_notes_say(view: Load, by_total: int, people: int) -> None:
    capacity = bw.carries(100, view)
    assert (capacity.by_total, capacity.people) == (by_total, people)


def test_sound_alone_is_bounded_by_its_own_third() -> None:
    capacity = bw.carries(100, Load(audio=bw.received(50, "speaker").audio))
    assert (capacity.by_total, capacity.by_audio, capacity.people) == (271, 119, 119)


@pytest.mark.parametrize(
    ("link", "planned", "sizes"),
    [
        (2, None, (660, 900, 40, 400)),
        (10, Load(1000, 3000), (1000, 3000, 200, 5800)),
        (10, Load(9000, 90000), (3300, 4500, 200, 2000)),
    ],
)
def test_class_sizes_are_what_is_planned_and_never_more_than_their_share(
    link: float, planned: Load | None, sizes: tuple[float, ...]
) -> None:
    found = bw.classes(link, planned)
    assert (found.audio, found.video, found.signalling, found.rest) == pytest.approx(sizes)
    assert found.audio + found.video + found.signalling + found.rest == pytest.approx(link * 1000)


@pytest.mark.parametrize("room", [1, 2, 3, 10, 200])
def test_each_cap_takes_less_than_the_one_before(room: int) -> None:
    costs = [bw.cost(cap, room) for cap in Cap]
    for better, worse in pairwise(costs):
        assert worse.down.total <= better.down.total
        assert worse.up.total < better.up.total


@pytest.mark.parametrize(
    ("up", "down", "cap"),
    [
        (50, 100, Cap.FULL),
        (4, 10, Cap.P360),
        (10, 2, Cap.P360),
        (2.7, 10, Cap.P180),
        (1, 10, Cap.AUDIO),
        (0.8, 10, None),
    ],
)
def test_the_first_from_outside_gets_the_best_that_fits_both_ways(up: float, down: float, cap: Cap | None) -> None:
    assert bw.admit(up, down, 10, []) is cap


@pytest.mark.parametrize(("up", "down"), [(5, 5), (20, 50), (100, 100), (1000, 20)])
def test_caps_only_get_worse_as_people_come_and_the_uplink_is_never_overbooked(up: float, down: float) -> None:
    inside: list[Outside] = []
    given = []
    while cap := bw.admit(up, down, 10, inside):
        given.append(cap)
        inside.append(Outside(cap, 10))
        assert bw.fits(up, down, inside)
    assert given == sorted(given, key=list(Cap).index)
    assert not bw.fits(up, down, [*inside, Outside(Cap.AUDIO, 10)])


def test_many_get_less_before_anybody_is_refused() -> None:
    inside: list[Outside] = []
    for _ in range(12):
        cap = bw.admit(50, 100, 20, inside)
        assert cap is not None
        inside.append(Outside(cap, 20))
    assert {one.cap for one in inside} == set(Cap)


def test_the_last_place_is_given_and_the_next_refused() -> None:
    everybody = [Outside(Cap.AUDIO, 10)] * 119
    assert bw.admit(100, 100, 10, everybody[:-1]) is Cap.FULL
    assert bw.admit(100, 100, 10, everybody) is None


def test_the_module_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(bw.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {str(name).partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_one_meeting_fills_its_share_and_leaves_the_rest_to_others() -> None:
    filled = [Outside(Cap.AUDIO, 41)] * 40
    assert bw.admit(50, 50, 41, filled) is Cap.FULL
    assert bw.admit_within(50, 50, 41, filled, filled, 0.5) is None
    # Another meeting has nobody outside yet.
    assert bw.admit_within(50, 50, 1, filled, [], 0.5) is Cap.FULL
    # A whole uplink is no share, and a full one is full for whoever has his share before him.
    assert bw.admit_within(50, 50, 41, filled, filled, 1) is Cap.FULL
    assert bw.admit_within(10, 10, 1, filled, [], 0.5) is None
