"""What the portal writes into its log."""

from __future__ import annotations

import logging
from io import StringIO

import pytest

from conclave_portal.logs import RouteOnly

MEETING = "TCY5AAAAAAAAAAAAAAAAA-"
KEY = "lEdeKHHsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/api/meetings/{MEETING}", "Not Found: /api/meetings/*"),
        (f"/api/meetings/{MEETING}/join", "Not Found: /api/meetings/*/join"),
        (f"/api/meetings/{MEETING}#k={KEY}/public", "Not Found: /api/meetings/*/public"),
        (f"/api/meetings/{MEETING} k={KEY}/x", "Not Found: /api/meetings/*"),
        ("/api/meetings", "Not Found: /api/meetings"),
        ("/api/session", "Not Found: /api/session"),
    ],
)
def test_neither_a_meeting_s_id_nor_its_key_is_logged(path: str, logged: str) -> None:
    """Django logs the decoded path of what it refuses."""
    said = StringIO()
    handler = logging.StreamHandler(said)
    handler.addFilter(RouteOnly())
    logger = logging.Logger("django.request")  # noqa: LOG001 - one of its own, with this handler only
    logger.addHandler(handler)
    logger.warning("%s: %s", "Not Found", path)
    assert said.getvalue().strip() == logged
