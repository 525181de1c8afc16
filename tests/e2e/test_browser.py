"""What people see at a deployed site, in Debian's Chromium, with a synthetic participant in the room."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conclave.browser.pages import CODE, ENROL, LOGIN

if TYPE_CHECKING:
    from conftest import Story


def test_signing_in_takes_password_and_one_time_code(story: Story) -> None:
    assert story.forms in ([LOGIN, ENROL], [LOGIN, CODE])


def test_two_browsers_and_a_synthetic_participant_see_and_hear_each_other(story: Story) -> None:
    for figures in (story.organiser, story.guest):
        seen = {track["identity"] for track in figures["tracks"] if track["kind"] == "video" and track["framesDecoded"]}
        heard = {track["identity"] for track in figures["tracks"] if track["kind"] == "audio" and track["audioEnergy"]}
        assert len(seen & heard) >= 2, figures
    assert story.probe is not None
    (probe,) = story.probe.participants
    assert probe.error is None
    assert sum(stream.frames_decoded > 0 for stream in probe.receives) == 2
    # A browser's fake microphone beeps, and a probe listens for tones: of a beep it tells only that it is encrypted.
    assert all({"audio", "video"} == {track.kind for track in stream.tracks} for stream in probe.receives)


def test_everything_is_shown_as_end_to_end_encrypted(story: Story) -> None:
    for figures in (story.organiser, story.guest):
        assert {track["encryption"] for track in figures["tracks"]} == {"encrypted"}
    assert story.probe is not None
    assert story.probe.encrypted


def test_one_with_another_key_decodes_nothing(story: Story) -> None:
    assert story.probe is not None
    assert story.probe.wrong_key is not None
    assert story.probe.wrong_key.packets_received > 0
    assert story.probe.wrong_key.frames_decoded == 0
    assert story.wrong_link


def test_a_track_that_is_not_encrypted_is_refused_and_shown(story: Story) -> None:
    assert "Unencrypted media blocked" in story.warning
    assert story.plain["refused"]
    refused = {row["identity"] for row in story.plain["refused"]}
    assert not any(track["framesDecoded"] for track in story.plain["tracks"] if track["identity"] in refused)


def test_back_does_not_leave_the_call_unasked(story: Story) -> None:
    assert "Leave the meeting?" in story.back
    # The call went on: it was left afterwards, by its button.
    assert story.end.endswith("/ended")


def test_pages_load_nothing_from_anybody_else(story: Story) -> None:
    hosts = {urlsplit(address).hostname for address in story.addresses if not address.startswith(("data:", "blob:"))}
    assert hosts == {f"{name}.{story.domain}" for name in ("meet", "sso", "media")}


def test_neither_key_nor_pin_travels_or_is_printed(story: Story) -> None:
    key = story.link.partition("#k=")[2]
    assert key
    assert story.pin
    for line in (*(address.partition("#")[0] for address in story.addresses), *story.console):
        assert key not in line
        assert story.pin not in line


def test_the_title_bar_and_the_last_page_say_nothing_of_the_meeting(story: Story) -> None:
    assert "Quarterly" not in story.title
    assert story.end == f"https://meet.{story.domain}/ended"
