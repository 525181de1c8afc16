"""Keys of the identity server: a stranger's token does not make the portal ask for them again and again."""

from __future__ import annotations

import http.server
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from identity import Signer
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from people import Browser, plan

from accounts import keys, oidc

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


class Keys(http.server.ThreadingHTTPServer):
    """Publishes keys, and counts who asks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = 0
        self.well = True
        self.published: list[RSAKey] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Keys

    def do_GET(self) -> None:
        self.server.asked += 1
        said = json.dumps(KeySet(self.server.published).as_dict(private=False)).encode()
        self.send_response(200 if self.server.well else 503)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_what: object) -> None:
        """Say nothing."""


@contextmanager
def _running() -> Iterator[Keys]:
    with Keys() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def server(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    signer.publish()
    with _running() as running:
        running.published = [signer.key]
        oidc.oauth.sso.server_metadata["jwks_uri"] = f"http://127.0.0.1:{running.server_port}/certs"
        monkeypatch.setattr(oidc, "identity_server", keys.IdentityServer(oidc.oauth.sso))
        yield running


def status(token: str) -> int:
    answer = Browser().post("/api/meetings", plan(), Authorization=f"Bearer {token}")
    return int(answer.status_code)


def unknown(name: str) -> str:
    """Return a token that names a key nobody has published."""
    key = RSAKey.generate_key(2048, {"kid": name})
    return jwt.encode({"alg": "RS256", "kid": name}, {"sub": "stranger"}, key)


def test_many_tokens_of_unknown_keys_cost_one_question(server: Keys) -> None:
    tokens = [unknown(f"junk-{number}") for number in range(6)]

    def refused(token: str) -> bool:
        with pytest.raises(Exception, match="kid"):
            oidc.verified(token)
        return True

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(refused, tokens))
    assert server.asked == 1
    assert status(tokens[0]) == 401
    assert server.asked == 1


def test_a_new_key_of_the_server_is_found(server: Keys, signer: Signer) -> None:
    signer.key = RSAKey.generate_key(2048, {"kid": "new", "use": "sig", "alg": "RS256"})
    server.published.append(signer.key)
    claims = {"iss": oidc.oauth.sso.server_metadata["issuer"], "sub": "s"}
    token = jwt.encode({"alg": "RS256", "kid": "new"}, claims, signer.key)
    assert oidc.verified(token)[1] == claims
    assert server.asked == 1


def test_a_server_that_does_not_answer_is_not_asked_by_everybody(server: Keys, signer: Signer) -> None:
    server.well = False
    del oidc.oauth.sso.server_metadata["jwks"]
    tokens = [signer.service_token() for _ in range(5)]
    assert {status(token) for token in tokens} == {503}
    assert server.asked == 1
