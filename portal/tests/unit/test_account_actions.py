from __future__ import annotations

import pytest
from django.test import RequestFactory

from accounts.views import _changed


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("kc_action=UPDATE_PASSWORD&kc_action_status=success", "/?changed=password"),
        ("kc_action=CONFIGURE_TOTP&kc_action_status=success", "/?changed=authenticator"),
        ("kc_action=UPDATE_PASSWORD&kc_action_status=cancelled", None),
        ("kc_action=UPDATE_PASSWORD&kc_action_status=error", None),
        ("kc_action=delete_account&kc_action_status=success", None),
        ("", None),
    ],
)
def test_only_what_was_changed_is_said_to_be(query: str, page: str | None) -> None:
    assert _changed(RequestFactory().get(f"/oidc/callback?{query}")) == page
