"""Sentences that people read, in their language: gettext over the catalogues in ``locale/``.

The English sentence is the key. ``tools/catalogues`` puts new sentences into the catalogues; a test finds those
that are not translated.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conclave.language import Language

LOCALE = Path(__file__).with_name("locale")


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name: the sentence is translated where it is shown
    """Mark a sentence for the catalogues."""
    return message


def catalogue(language: Language) -> Path:
    """Return the catalogue of a language other than English."""
    return LOCALE / language / "LC_MESSAGES" / "conclave.po"


@cache
def translations(language: Language) -> NullTranslations:
    """Return the sentences of a language; what has no translation stays English.

    The catalogue is compiled when it is first used, so that no file has to be made before the program runs.
    """
    if language == "en":
        return NullTranslations()
    from babel.messages import mofile, pofile  # noqa: PLC0415 - English needs neither

    with catalogue(language).open("rb") as source:
        messages = pofile.read_po(source, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, messages)
    compiled.seek(0)
    return GNUTranslations(compiled)


def words(known: Mapping[str, str], language: Language) -> dict[str, str]:
    """Return marked sentences in a language, by the keys they have."""
    say = translations(language).gettext
    return {key: say(message) for key, message in known.items()}
