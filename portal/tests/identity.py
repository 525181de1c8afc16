"""Tokens as the identity server signs them, with a key made for the test."""

from __future__ import annotations

import time
import uuid
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from accounts.backchannel import EVENT
from accounts.oidc import oauth

ISSUER = "https://sso.conf.test/realms/conclave"


class Signer:
    """Holds the key; `publish` makes the portal know it, as if it had read the server's key set."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})

    def publish(self) -> None:
        oauth.sso.server_metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "jwks_uri": f"{ISSUER}/certs",
            "jwks": KeySet([self.key]).as_dict(private=False),
            "_loaded_at": time.time(),
        }

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        return jwt.encode({"alg": "RS256", "kid": "test", "typ": typ}, claims, self.key)

    def logout_token(self, *, typ: str = "logout+jwt", **changed: object) -> str:
        claims = {
            "iss": ISSUER,
            "aud": "portal",
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "jti": str(uuid.uuid4()),
            "events": {EVENT: {}},
            "sid": "sid-1",
            **changed,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None}, typ)

    def service_token(self, **changed: object) -> str:
        claims = {
            "iss": ISSUER,
            "aud": ["portal"],
            "azp": "conclave-probe",
            "typ": "Bearer",
            "sub": "sub-probe",
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            **changed,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None}, "JWT")
