"""Names: what others see is what they are."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from conclave_portal.errors import _wrong
from conclave_portal.names import BYTES, LONGEST, cleaned
from meetings.schemas import JoinIn

INVISIBLE = "3164 2800 00AD 061C 034F 2062 206A 115F FFA0 200B 200E 200F 202E 2060 FEFF E0041 E0100 FE0F 180E 1D159"
UNSEEN = [chr(int(code, 16)) for code in INVISIBLE.split()]


def code(name: str) -> tuple[str, int | None]:
    """Return the code of the field that is wrong, and its limit."""
    with pytest.raises(ValidationError) as refused:
        JoinIn.model_validate({"display_name": name})
    wrong = _wrong(refused.value.errors()[0])
    assert wrong.field == "display_name"
    return str(wrong.code), wrong.limit


@pytest.mark.parametrize("character", UNSEEN)
def test_a_character_that_cannot_be_seen_is_refused_alone_and_in_a_name(character: str) -> None:
    assert code(character) == ("characters", None)
    assert code(f"Ada{character} Lovelace") == ("characters", None)
    assert cleaned(f"Ada{character} Lovelace") == "Ada Lovelace"
    assert cleaned(character, "ada") == "ada"


@pytest.mark.parametrize(
    "name",
    ["\u200d\u200d", "A\u200dda", "\u0301", " \u0301", "A" + "\u0301\u0316" * 4, "\ue000", "A\u20dd\u20dd\u20dd\u20dd"],
)
def test_joiners_without_need_and_heaps_of_marks_are_refused(name: str) -> None:
    assert code(name) == ("characters", None)


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace",
        "Nguyễn Thị Hồng",
        "O'Neill-Müller, Jr.",
        "علی‌رضا",
        "क्‍ष शर्मा",
        "שָׁלוֹם",
        "မြွှေ",
        "山田　太郎",
        "Team ❤️",
        "Ada (2)",
    ],
)
def test_names_of_the_world_are_taken(name: str) -> None:
    taken = JoinIn.model_validate({"display_name": name}).display_name
    assert taken == cleaned(name) == name.replace("\u3000", " ")


def test_every_blank_becomes_an_ordinary_one() -> None:
    assert JoinIn.model_validate({"display_name": "Ada\u00a0Lovelace\u2003"}).display_name == "Ada Lovelace"
    assert code("\u2003\u00a0")[0] in {"characters", "too_short"}


def test_a_name_of_too_many_bytes_is_told_how_many_characters_fit() -> None:
    assert code("山" * LONGEST) == ("too_long", BYTES // 3)
    assert code("x" * (LONGEST + 1)) == ("too_long", LONGEST)
    assert JoinIn.model_validate({"display_name": "山" * (BYTES // 3)})


def test_a_name_from_elsewhere_is_cut_and_never_empty() -> None:
    assert cleaned("x" * 300) == "x" * LONGEST
    assert len(cleaned("山" * 300).encode()) <= BYTES
    assert cleaned("", "\u3164") == "?"
