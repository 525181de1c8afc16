"""The sign-in pages build on the theme of the Keycloak in the bundle: they replace and say what it asks for."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.render.rendering import ROOT, render

from conclave.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "usr/lib/conclave/keycloak/themes/conclave/login/"
THEME = ROOT / "roles/keycloak/tree" / FOLDER
# Of a key that a template composes, only the beginning stands in it.
ASKED = re.compile(r"""(?:msg\(|label=|label = )\(?["']([\w.-]+)["']""")


@pytest.fixture(scope="session")
def keycloak() -> dict[str, str]:
    """Give the texts of Keycloak's own login themes by path."""
    built = sorted(cache_dir().glob("bundle/keycloak/*/files/*.deb"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.fail("no conclave-keycloak package in the cache; run `conclave bundle build` first")
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(built[-1])], check=True, capture_output=True).stdout
    return dict(_themes(content))


def _themes(content: bytes) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        (jar,) = (name for name in package.getnames() if re.search(r"keycloak-themes-[\d.]+\.jar$", name))
        file = package.extractfile(jar)
        assert file is not None
        with zipfile.ZipFile(io.BytesIO(file.read())) as themes:
            for name in themes.namelist():
                if re.fullmatch(
                    r"theme/(?:base|keycloak\.v2)/login/(?:[\w-]+\.ftl|messages/messages_(?:de|en)\..*)", name
                ):
                    yield name.removeprefix("theme/"), themes.read(name).decode()


def _messages(text: str) -> dict[str, str]:
    rows = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {key.strip(): value for key, _equals, value in rows}


@pytest.mark.parametrize("template", sorted(path.name for path in THEME.glob("*.ftl")))
def test_a_page_of_ours_replaces_one_of_keycloaks(template: str, keycloak: dict[str, str]) -> None:
    assert {f"base/login/{template}", f"keycloak.v2/login/{template}"} & keycloak.keys()


def test_both_languages_say_the_same_things() -> None:
    english, german = (_messages((THEME / f"messages/messages_{tag}.properties").read_text()) for tag in ("en", "de"))
    assert english.keys() == german.keys()
    for key, sentence in english.items():
        assert set(re.findall(r"{\d}", sentence)) == set(re.findall(r"{\d}", german[key])), key


@pytest.mark.parametrize("tag", ["de", "en"])
def test_every_sentence_is_one_that_a_page_asks_for(tag: str, keycloak: dict[str, str]) -> None:
    ours = _messages((THEME / f"messages/messages_{tag}.properties").read_text())
    theirs = _messages(keycloak["base/login/messages/messages_en.properties"])
    asked = {key for path in THEME.glob("*.ftl") for key in ASKED.findall(path.read_text())}
    assert ours.keys() <= theirs.keys() | asked
    assert {key for key in asked if not key.endswith(".")} <= theirs.keys() | ours.keys()


@pytest.mark.parametrize("tag", ["de", "en"])
def test_no_apostrophe_swallows_a_value(tag: str) -> None:
    """A single straight one begins a quotation that is printed as it stands (java.text.MessageFormat)."""
    for key, sentence in _messages((THEME / f"messages/messages_{tag}.properties").read_text()).items():
        assert "'" not in sentence, key


def test_whom_to_ask_for_help_may_be_written_in_any_alphabet() -> None:
    rendered = render("keycloak", "core1", keycloak_contact='Müller "IT" \\ 華')[f"{FOLDER}theme.properties"]
    # java.util.Properties and JSON escape alike.
    assert 'contact=M\\u00fcller \\"IT\\" \\\\ \\u83ef' in rendered["content"]


def test_the_pages_have_the_clients_colours() -> None:
    tokens = (ROOT / "web/src/styles/tokens.css").read_text()
    for name, value in re.findall(
        r"--conclave-([\w-]+): (light-dark\(.*?\)|#\w+);", (THEME / "resources/css/conclave.css").read_text()
    ):
        assert f": {value};" in tokens, name
