"""A person with a password and an authenticator app, as an HTTP client."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import servers
from small_site import PASSWORD, Site


class _Form(HTMLParser):
    """The first form of a page: its address and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.name = ""
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.name, self.action = values.get("id", ""), values["action"]
        if tag == "input" and values.get("type") == "hidden" and "name" in values:
            self.fields[values["name"]] = values.get("value", "")


@dataclass
class Person:
    """Someone with a browser; `forms` tells which of Keycloak's pages were answered, in order."""

    site: Site
    username: str
    password: str = PASSWORD
    secret: str = ""
    forms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.new_browser()

    def new_browser(self) -> None:
        """Forget all cookies."""
        client = httpx.Client(verify=servers.trust(self.site.ca), timeout=30)
        self.http = self.site.browsers.enter_context(client)
        self.http.headers["Accept-Language"] = "en"
        self.forms = []

    def open(self, url: str) -> httpx.Response:
        """Open a page and answer Keycloak's forms until it asks no more, or refuses."""
        answer = self.http.get(url, follow_redirects=True)
        while answer.url.port == self.site.ports["keycloak"] and "<form" in answer.text:
            form = _Form(answer.text)
            if self.forms.count(form.name) > 1:
                return answer
            self.forms.append(form.name)
            answer = self.http.post(form.action, data=self._filled(form), follow_redirects=True)
        return answer

    def _filled(self, form: _Form) -> dict[str, str]:
        match form.name:
            case "kc-form-login":
                return {"username": self.username, "password": self.password, "credentialId": ""}
            case "kc-passwd-update-form":
                self.password = PASSWORD
                return {**form.fields, "password-new": PASSWORD, "password-confirm": PASSWORD}
            case "kc-totp-settings-form":
                # The hidden field is the raw key; apps are given it in base32.
                self.secret = base64.b32encode(form.fields["totpSecret"].encode()).decode()
                return {**form.fields, "totp": self.code, "userLabel": "app"}
            case "kc-otp-login-form":
                return {**form.fields, "otp": self.code}
        return form.fields

    @property
    def code(self) -> str:
        return pyotp.TOTP(self.secret).now() if self.secret else "000000"

    def sign_in(self, query: str = "") -> httpx.Response:
        """Sign in to the portal."""
        return self.open(f"{self.site.portal}/oidc/login{query}")

    def session(self) -> dict[str, object]:
        said: dict[str, object] = self.http.get(f"{self.site.portal}/api/session").json()
        return said

    def post(self, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        headers = {"X-CSRFToken": str(self.session()["csrf_token"]), "Origin": self.site.portal}
        return self.http.post(f"{self.site.portal}{path}", json=body or {}, headers=headers)


def parameters(url: str | httpx.URL) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(str(url)).query).items()}
