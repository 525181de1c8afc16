from __future__ import annotations

import pytest

from accounts.oidc import TokenError, check_id_token, strong_enough
from accounts.views import _local

CLAIMS = {"iss": "https://sso.conf.test/realms/conclave", "aud": "portal", "azp": "portal", "sub": "s", "sid": "t"}


@pytest.mark.parametrize("acr", ["mfa", "phr"])
def test_two_factors_are_enough(acr: str) -> None:
    assert strong_enough({"acr": acr, "amr": ["pwd", "otp"]})


@pytest.mark.parametrize("acr", ["pwd", "1", "0", "", None, "unknown"])
def test_anything_less_is_not(acr: str | None) -> None:
    assert not strong_enough({"acr": acr, "amr": ["pwd", "otp"]})


def test_an_id_token_for_this_client_is_taken() -> None:
    check_id_token(CLAIMS)
    check_id_token({**CLAIMS, "aud": ["portal", "account"]})


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"iss": "https://sso.conf.test/realms/other"}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["other"]}, "aud"),
        ({"azp": "other"}, "azp"),
        ({"sub": ""}, "sub"),
        ({"sid": None}, "sid"),
    ],
)
def test_an_id_token_for_someone_else_is_refused(changed: dict[str, object], rule: str) -> None:
    with pytest.raises(TokenError, match=rule):
        check_id_token({**CLAIMS, **changed})


@pytest.mark.parametrize(
    "address", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "", "m/1"]
)
def test_the_way_back_stays_on_this_site(address: str) -> None:
    assert _local(address) == "/"


def test_the_way_back_to_a_meeting_is_kept() -> None:
    assert _local("/m/abc?x=1") == "/m/abc?x=1"
