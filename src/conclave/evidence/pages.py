"""What a person does before a call, from the users' zone: load the page with all it needs, and reach the sign-in."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 20.0
# What a browser fetches by itself; `href` of a link is not fetched.
_FETCHED = re.compile(
    r"""<(?:script|img|link|iframe|source|audio|video)\b[^>]*?\s(?:src|href)\s*=\s*["']([^"']+)""", re.IGNORECASE
)
_IN_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')\s]+)""", re.IGNORECASE)
_TEXT = ("text/html", "text/css")


def visit(domain: str, authority: Path | None) -> list[dict[str, Any]]:
    """Load the site's page with everything it fetches, and the sign-in page; one row each.

    Parameters
    ----------
    authority:
        File with the certificates to trust, or None for the system's.
    """
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    with httpx.Client(verify=context, timeout=SECONDS, trust_env=False, follow_redirects=True) as web:
        return [
            _row(web, "page", f"https://meet.{domain}/", domain),
            _row(web, "sign-in", f"https://meet.{domain}/oidc/login?next=/", domain),
        ]


def _row(web: httpx.Client, what: str, url: str, domain: str) -> dict[str, Any]:
    row: dict[str, Any] = {"what": what, "url": url, "fetched": 0, "foreign": [], "error": ""}
    waiting, known = [url], {url}
    foreign: set[str] = set()
    while waiting and not row["error"]:
        target = waiting.pop(0)
        try:
            answer = web.get(target)
        except httpx.HTTPError as error:
            row["error"] = f"{target}: {type(error).__name__}: {error}"
            break
        if answer.is_error:
            row["error"] = f"{target}: {answer.status_code}"
            break
        row["fetched"] += 1
        if not answer.headers.get("content-type", "").startswith(_TEXT):
            continue
        for found in addresses(answer.text, str(answer.url)):
            host = urlsplit(found).hostname or ""
            if host != domain and not host.endswith(f".{domain}"):
                foreign.add(found)
            elif found not in known:
                known.add(found)
                waiting.append(found)
    row["foreign"] = sorted(foreign)
    return row


def addresses(text: str, base: str) -> list[str]:
    """Return the addresses that a browser fetches for a page or a style sheet, in full."""
    found = [*_FETCHED.findall(text), *_IN_STYLES.findall(text)]
    whole = [urljoin(base, part) for part in found]
    return [part for part in dict.fromkeys(whole) if part.startswith(("http:", "https:"))]
