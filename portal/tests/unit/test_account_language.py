from __future__ import annotations

import pytest

from accounts.views import _language


@pytest.mark.parametrize(
    ("chosen", "language"),
    [("de", "de"), ("de-AT", "de"), ("EN", "en"), ("fr", None), ("", None), (None, None)],
)
def test_the_language_chosen_there_is_kept_if_the_client_speaks_it(chosen: str | None, language: str | None) -> None:
    assert _language({"locale": chosen}) == language
