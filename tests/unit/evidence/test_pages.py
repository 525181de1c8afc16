"""What a browser fetches for a page is found, wherever it points."""

from __future__ import annotations

import pytest

from conclave.evidence.pages import addresses

BASE = "https://meet.conf.example/"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<script type="module" src="/assets/a.js"></script>', ["https://meet.conf.example/assets/a.js"]),
        ("<link rel=stylesheet href='/a.css'>", ["https://meet.conf.example/a.css"]),
        ('<link rel="preconnect" href="https://fonts.example.com">', ["https://fonts.example.com"]),
        ('<img alt="" src="//cdn.example.com/x.png">', ["https://cdn.example.com/x.png"]),
        ("@font-face { src: url(https://fonts.example.com/a.woff2) }", ["https://fonts.example.com/a.woff2"]),
        ("@import 'https://styles.example.com/a.css';", ["https://styles.example.com/a.css"]),
        ('<a href="https://www.example.com/">elsewhere</a>', []),
        ('<img src="data:image/png;base64,AAAA">', []),
    ],
)
def test_what_is_fetched_is_found(text: str, found: list[str]) -> None:
    assert addresses(text, BASE) == found
