"""What the portal knows of the identity server, and the rules its tokens must meet (OpenID Connect Core 1.0)."""

from __future__ import annotations

from typing import Any

from authlib.integrations.django_client import OAuth
from django.conf import settings
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from accounts.keys import IdentityServer

_CONFIG = settings.CONFIG.oidc
# Strength of a sign-in, as the realm's acr.loa.map names it.
ACR_RANK = {"pwd": 1, "mfa": 2, "phr": 3}
REQUIRED_ACR = "mfa"
ALGORITHMS = ["RS256"]

oauth = OAuth()
oauth.register(
    "sso",
    server_metadata_url=f"{_CONFIG.issuer}/.well-known/openid-configuration",
    client_id=_CONFIG.client_id,
    client_secret=_CONFIG.client_secret.get_secret_value(),
    client_kwargs={
        "scope": "openid profile email",
        "code_challenge_method": "S256",
        "default_timeout": 5,
        # The site's CA, whatever the environment says; and no proxy.
        "trust_env": False,
        "verify": str(_CONFIG.ca) if _CONFIG.ca else True,
    },
)
identity_server = IdentityServer(oauth.sso)


class TokenError(Exception):
    """A token does not meet the rules; the text names the rule, never the token."""


def strong_enough(claims: dict[str, Any]) -> bool:
    """Tell whether the sign-in used a second factor.

    ``acr`` decides. ``amr`` lacks ``otp`` for the one session in which the factor was enrolled, although a code was
    checked then; see docs/decisions/second-factor.md.
    """
    return ACR_RANK.get(str(claims.get("acr")), 0) >= ACR_RANK[REQUIRED_ACR]


def check_id_token(claims: dict[str, Any]) -> None:
    """Check what the library leaves to the application.

    Raises
    ------
    TokenError
        When issuer, audience or authorised party are not exactly what was configured.
    """
    if claims.get("iss") != _CONFIG.issuer:
        message = "iss is not the configured issuer"
        raise TokenError(message)
    if _CONFIG.client_id not in _audience(claims):
        message = "aud does not name this client"
        raise TokenError(message)
    if claims.get("azp", _CONFIG.client_id) != _CONFIG.client_id:
        message = "azp is another client"
        raise TokenError(message)
    if not claims.get("sub") or not claims.get("sid"):
        message = "sub or sid is missing"
        raise TokenError(message)


def service_claims(token: str) -> dict[str, Any]:
    """Return the claims of a service's access token (client credentials, RFC 6749 section 4.4).

    Raises
    ------
    TokenError
        When it is not an access token for this portal, of a client that was named in the configuration.
    """
    _header, claims = verified(token)
    registry = jwt.JWTClaimsRegistry(exp={"essential": True}, iss={"essential": True, "value": _CONFIG.issuer})
    registry.validate(claims)
    # An ID token also names the portal as audience, so the kind of token is compared.
    if claims.get("typ") != "Bearer" or _CONFIG.client_id not in _audience(claims):
        message = "not an access token for this portal"
        raise TokenError(message)
    if claims.get("azp") not in _CONFIG.service_clients:
        message = "the client is not one of the configured services"
        raise TokenError(message)
    return claims


def verified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token signed by the identity server.

    Raises
    ------
    joserfc.errors.JoseError
        When the signature or the form is wrong.
    """
    keys = identity_server.keys()
    try:
        parsed = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        # The server may have changed its keys since they were read.
        newer = identity_server.newer_keys(keys)
        if newer == keys:
            raise
        parsed = jwt.decode(token, KeySet.import_key_set(newer), algorithms=ALGORITHMS)
    return dict(parsed.header), dict(parsed.claims)


def _audience(claims: dict[str, Any]) -> list[str]:
    audience = claims.get("aud", [])
    return [audience] if isinstance(audience, str) else list(audience)
