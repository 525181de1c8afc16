"""Every sentence that people read is in the catalogues, translated, with the same placeholders."""

from __future__ import annotations

import runpy
import string
from pathlib import Path

import pytest
from babel.messages import Catalog, pofile

from conclave import bandwidth, planning, text
from conclave.language import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def wrong(known: Catalog, wanted: Catalog) -> list[str]:
    """Say what a catalogue lacks, has too much, or translates with other placeholders."""
    there = {message.id: message for message in known if message.id}
    needed = {message.id for message in wanted if message.id}
    found = [f"not in the catalogue: {one}" for one in needed - there.keys()]
    found += [f"nobody says it: {one}" for one in there.keys() - needed]
    for message in there.values():
        if not message.string:
            found.append(f"not translated: {message.id}")
        elif message.fuzzy:
            found.append(f"fuzzy: {message.id}")
        elif fields(str(message.id)) != fields(str(message.string)):
            found.append(f"other placeholders: {message.id}")
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    with text.catalogue(language).open("rb") as source:
        known = pofile.read_po(source, locale=language)
    assert wrong(known, runpy.run_path(str(ROOT / "tools" / "catalogues"))["extracted"]()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"string": ""}, "not translated: {n} hosts"),
        ({"flags": ["fuzzy"]}, "fuzzy: {n} hosts"),
        ({"string": "{m} Rechner"}, "other placeholders: {n} hosts"),
        ({"id": "{n} host"}, "not in the catalogue: {n} hosts"),
        ({"id": "{n} host"}, "nobody says it: {n} host"),
    ],
)
def test_a_catalogue_that_is_not_in_step_is_seen(change: dict[str, object], said: str) -> None:
    known, wanted = Catalog(), Catalog()
    known.add(**{"id": "{n} hosts", "string": "{n} Rechner"} | change)
    wanted.add("{n} hosts")
    assert said in wrong(known, wanted)


def test_english_is_said_as_it_is_marked_and_german_from_the_catalogue() -> None:
    assert text.words({"a": "Port matrix"}, "en") == {"a": "Port matrix"}
    assert text.words({"a": "Port matrix"}, "de") == {"a": "Portmatrix"}


def test_the_names_of_streams_are_marked_where_they_can_be() -> None:
    streams = [bandwidth.AUDIO, *bandwidth.CAMERA.values(), bandwidth.SCREEN, bandwidth.SCREEN_LOW]
    assert {stream.name for stream in streams} == set(planning.STREAMS)
