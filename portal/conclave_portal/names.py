"""Names and titles: one line, seen as it is, and short enough for everybody who passes it on."""

from __future__ import annotations

import unicodedata

from pydantic_core import PydanticCustomError

from conclave_portal.codes import FieldCode

# Of a participant: what the SFU takes, and what a tile has room for.
LONGEST = 60
BYTES = 128
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), less those that its categories name already (Cf).
_IGNORED = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
)
# They have a shape, which is empty: the braille pattern without dots, and a musical note without a head.
_BLANK = (0x2800, 0x1D159)
_UNSEEN = frozenset(map(chr, (*_IGNORED, *_BLANK)))
# Controls, format, halves of characters, private use, and what ends a line.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
# A letter of Vietnamese, pointed Hebrew or Arabic has up to three; more cover the lines above and below.
_MARKS = 3
_EMOJI_STYLES = "\ufe0e\ufe0f"
# Small letters of Cyrillic and Greek that look like Latin ones, and digits that look like letters.
_CONFUSABLE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u043a\u043c\u0442\u0432\u043d\u04bb\u0501\u051b\u051d"
    "\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u0142\u00f801i|",
    "aeopcyxljskmtbhhdqwaelkvoptuxlloolll",
)


def line(value: str) -> str:
    """Normalise to NFC, and refuse what cannot be seen, passes for something else or leaves its line.

    Raises
    ------
    pydantic_core.PydanticCustomError
        With the field code ``characters``.
    """
    value = _plain(value)
    if not _seen(value) or any(not _fits(value, at) for at in range(len(value))):
        raise PydanticCustomError(FieldCode.CHARACTERS, "invisible or control character, or too many marks")
    return value


def short(value: str) -> str:
    """Refuse what the SFU refuses.

    Raises
    ------
    pydantic_core.PydanticCustomError
        With the field code ``too_long`` and how many characters of this name would fit.
    """
    fits = _cut(value)
    if fits != value:
        raise PydanticCustomError(FieldCode.TOO_LONG, "too many bytes", {"limit": len(fits)})
    return value


def cleaned(*candidates: str) -> str:
    """Return the first name of which something is left when everything that `line` refuses is taken out, cut to fit.

    For names that come from elsewhere: nobody is there who could correct them.
    """
    for candidate in candidates:
        value = _plain(candidate)
        kept = ""
        for character in value:
            if _fits(kept + character, len(kept)):
                kept += character
        kept = _cut(kept.strip()).strip()
        if _seen(kept):
            return kept
    return "?"


def _plain(value: str) -> str:
    """Compose, and make every blank an ordinary one: some look like nothing, some like a letter's width."""
    value = unicodedata.normalize("NFC", value)
    return "".join(" " if unicodedata.category(character) == "Zs" else character for character in value)


def _seen(value: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNPS" and character not in _UNSEEN for character in value)


def _fits(value: str, at: int) -> bool:
    """Say whether a character may stand where it does."""
    character, before = value[at], value[at - 1] if at else ""
    if character in _JOINERS:
        return bool(before) and _joins(before)
    if character in _EMOJI_STYLES:
        return bool(before) and unicodedata.category(before) == "So" and before not in _UNSEEN
    if character in _UNSEEN or unicodedata.category(character) in _CATEGORIES:
        return False
    if unicodedata.category(character)[0] != "M":
        return True
    return bool(before.strip()) and not _stacked(value[: at + 1])


def _joins(before: str) -> bool:
    """Say whether a joiner after this changes how a word is written, as in Hindi or Persian (RFC 5892, appendix A)."""
    return unicodedata.combining(before) == _VIRAMA or unicodedata.bidirectional(before) == "AL"


def _stacked(value: str) -> bool:
    marks = value[-_MARKS - 1 :]
    return len(marks) > _MARKS and all(
        unicodedata.combining(mark) or unicodedata.category(mark) == "Me" for mark in marks
    )


def _cut(value: str) -> str:
    return value[:LONGEST].encode()[:BYTES].decode(errors="ignore")


def skeleton(value: str) -> str:
    """Return what a name looks like: of two names that are easily taken for each other, the same.

    After Unicode's UTS 39, section 4, with those confusables that stand in European names only.
    """
    plain = unicodedata.normalize("NFKD", value.casefold().translate(_CONFUSABLE)).translate(_CONFUSABLE)
    kept = (character for character in plain if unicodedata.category(character)[0] in "LN")
    return "".join(kept).replace("rn", "m").replace("vv", "w")
