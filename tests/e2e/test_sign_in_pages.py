"""A deployed site's sign-in pages: a first sign-in, a change of password, a second authenticator app."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import time
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

import pyotp
import pytest

from conclave.browser.chromium import chromium
from conclave.browser.pages import CODE, ENROL, LOGIN, STEP_MS
from conclave.call.site import users_prefix
from conclave.paths import project_root
from conclave.site import read, secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

SITE = "lab"
# A run leaves its account behind, and Keycloak takes no former password again.
NAME = f"newcomer-{token_hex(4)}"
PASSWORD = "kc-passwd-update-form"
FIRST, SECOND = "the first of two long passwords", "the second of two long passwords"
LANGUAGES = ("de", "en")
AXE = project_root() / "web/node_modules/axe-core/axe.min.js"
# The page follows a change of the scheme by script, and its colours fade.
SETTLED = """
scheme => document.documentElement.classList.contains("pf-v5-theme-dark") === (scheme === "dark")
    && document.getAnimations().every(one => one.playState === "finished")
"""


@dataclass
class Seen:
    """What the newcomer was shown."""

    axe: dict[str, list[str]] = field(default_factory=dict)
    wide: list[str] = field(default_factory=list)
    languages: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    after_cancel: int = -1
    authenticators: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    assert pictures.is_dir()
    return asyncio.run(_look(_first_password(), tmp_path_factory.mktemp("sign-in")))


def _first_password() -> str:
    person = ["--email", f"{NAME}@example.org", "--first-name", "Nora", "--last-name", "Neumann"]
    done = subprocess.run(
        ["conclave", "account", "add", SITE, NAME, *person, "--json"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    password: str = json.loads(done.stdout)["first_password"]
    return password


async def _look(first: str, folder: Path) -> Seen:
    seen, domain = Seen(), read.load(SITE).domain
    with ca_file(read.load(SITE), secrets.load(SITE)) as authority:
        async with chromium(authority, users_prefix()) as browser:
            page = await _page(browser, seen, "en-GB")
            await _first_sign_in(seen, page, domain, first, folder)
            key = await _changes(seen, page, folder)
            page = await _page(browser, seen, "de-DE")
            await _sign_in_again(seen, page, domain, key, folder)
    return seen


async def _page(browser: Browser, seen: Seen, locale: str) -> Page:
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    page.set_default_timeout(STEP_MS)
    page.on("console", lambda message: seen.console.append(message.text))
    return page


async def _first_sign_in(seen: Seen, page: Page, domain: str, first: str, folder: Path) -> None:
    await page.goto(f"https://meet.{domain}/")
    await page.get_by_role("main").get_by_role("link", name="Sign in").click()
    await _inspect(seen, page, LOGIN, folder)
    await _answer_login(page, "not the password")
    seen.errors["login"] = await _error(page)
    await _answer_login(page, first)
    await _inspect(seen, page, PASSWORD, folder)
    await _answer_password(page, "short")
    seen.errors["short"] = await _error(page)
    await _answer_password(page, FIRST)
    await _inspect(seen, page, ENROL, folder)
    await _inspect(seen, page, ENROL, folder, "by-key")
    await _enrol(page, "phone")
    await page.get_by_role("heading", name="My meetings").wait_for()


async def _changes(seen: Seen, page: Page, folder: Path) -> str:
    """Change the password and add an authenticator app, whose key is returned."""
    await _menu(page, "Change password")
    await _inspect(seen, page, PASSWORD, folder, "from-the-menu")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("heading", name="My meetings").wait_for()
    seen.after_cancel = await page.locator(".notice").count()
    await _menu(page, "Change password")
    await _answer_password(page, SECOND)
    seen.told["password"] = await page.get_by_role("status").filter(has_text="password").inner_text()
    await _menu(page, "Set up another authenticator app")
    key = await _enrol(page, "tablet")
    seen.told["authenticator"] = await page.get_by_role("status").filter(has_text="authenticator").inner_text()
    return key


async def _sign_in_again(seen: Seen, page: Page, domain: str, key: str, folder: Path) -> None:
    await page.goto(f"https://meet.{domain}/")
    await page.get_by_role("main").get_by_role("link", name="Anmelden").click()
    expired = str(await page.locator(f"#{LOGIN}").get_attribute("action"))
    await _answer_login(page, SECOND)
    # Once the name is known the language is the account's, which was chosen last: English.
    await page.locator(f"#{CODE}").wait_for()
    await _switch(page, "de")
    await _inspect(seen, page, CODE, folder)
    seen.authenticators = await page.get_by_role("group").get_by_role("radio").locator("xpath=..").all_inner_texts()
    await page.goto(expired)
    # In one language: another one leads on to the code, and the page is gone.
    await _inspect(seen, page, "loginRestartLink", folder, languages=("de",))
    await page.locator("#loginContinueLink").click()
    await _answer_code(page, "000000")
    seen.errors["code"] = await _error(page)
    # The code of this moment has been used for setting up; the server takes the next one too.
    await _answer_code(page, pyotp.TOTP(key).at(int(time.time()) + 30))
    await page.get_by_role("heading", name="Meine Besprechungen").wait_for()


async def _inspect(
    seen: Seen, page: Page, form: str, folder: Path, variant: str = "", languages: tuple[str, ...] = LANGUAGES
) -> None:
    """Look at a page in these languages, narrow and wide, light and dark; leave it in the language it had."""
    await page.locator(f"#{form}").wait_for()
    before = str(await page.locator("html").get_attribute("lang"))
    for language in sorted(languages, key=lambda tag: tag == before):
        await _switch(page, language)
        # Another language forgets that the key was asked for.
        if variant == "by-key":
            await page.locator("#mode-manual").click()
            await page.locator("#kc-totp-secret-key").wait_for()
        for width, scheme in ((1280, "light"), (360, "dark")):
            name = "-".join(filter(None, (form, variant, language, scheme)))
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            await page.wait_for_function(SETTLED, arg=scheme)
            if not await page.evaluate("() => 'axe' in window"):
                await page.evaluate(AXE.read_text(encoding="utf-8"))
            found = await page.evaluate(
                "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
            )
            seen.axe[name] = [f"{row['id']}: {row['nodes'][0]['html']}" for row in found]
            if await page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                seen.wide.append(name)
            seen.titles[name] = await page.title()
            seen.languages[name] = await page.locator("body").inner_text()
            await page.screenshot(path=folder / f"{name}.png", full_page=True)


async def _switch(page: Page, language: str) -> None:
    if await page.locator("html").get_attribute("lang") != language:
        choice = page.locator("#login-select-toggle")
        address = await choice.locator(f"option[value*='kc_locale={language}']").get_attribute("value")
        async with page.expect_navigation():
            await choice.select_option(address)
        await page.locator(f"html[lang={language}]").wait_for()


async def _answer_login(page: Page, password: str) -> None:
    await page.locator("#username").fill(NAME)
    await page.locator("#password").fill(password)
    await _submit(page, LOGIN)


async def _answer_password(page: Page, password: str) -> None:
    await page.locator("#password-new").fill(password)
    await page.locator("#password-confirm").fill(password)
    await _submit(page, PASSWORD)


async def _answer_code(page: Page, code: str) -> None:
    await page.get_by_role("radio", name="tablet").check()
    await page.locator("#otp").fill(code)
    await _submit(page, CODE)


async def _enrol(page: Page, label: str) -> str:
    raw = await page.locator("#totpSecret").input_value()
    key = base64.b32encode(raw.encode()).decode()
    await page.locator("#totp").fill(pyotp.TOTP(key).now())
    await page.locator("#userLabel").fill(label)
    await _submit(page, ENROL)
    return key


async def _submit(page: Page, form: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"#{form} [type=submit]").first.click()


async def _error(page: Page) -> str:
    return await page.locator(".kc-feedback-text").first.inner_text()


async def _menu(page: Page, item: str) -> None:
    await page.get_by_role("button", name="Account: ").click()
    async with page.expect_navigation(url="**/realms/**"):
        await page.get_by_role("menuitem", name=item).click()


def test_axe_finds_nothing_on_any_of_them(seen: Seen) -> None:
    assert len(seen.axe) >= 20
    assert {name: found for name, found in seen.axe.items() if found} == {}


def test_none_is_wider_than_a_phone(seen: Seen) -> None:
    assert seen.wide == []


def test_each_speaks_the_readers_language_alone(seen: Seen) -> None:
    for name, words in seen.languages.items():
        foreign = ("Sign in", "Password", "one-time", "One-time") if "-de-" in name else ("Anmelden", "Passwort")
        assert not [word for word in foreign if word in words], name


def test_the_title_says_what_the_page_is_for(seen: Seen) -> None:
    assert all(title.startswith("Anmelden ·" if "-de-" in name else "Sign in ·") for name, title in seen.titles.items())


def test_a_refusal_says_what_to_do(seen: Seen) -> None:
    assert "Check both and try again" in seen.errors["login"]
    assert "at least 14 characters" in seen.errors["short"]
    assert "Geben Sie den Code ein" in seen.errors["code"]


def test_a_person_changes_the_password_and_adds_an_authenticator_from_the_menu(seen: Seen) -> None:
    assert "Your password has been changed" in seen.told["password"]
    assert "is set up" in seen.told["authenticator"]


def test_what_was_cancelled_is_not_said_to_be_changed(seen: Seen) -> None:
    assert seen.after_cancel == 0


def test_the_authenticators_are_told_apart_by_their_names(seen: Seen) -> None:
    assert sorted(seen.authenticators) == ["phone", "tablet"]


def test_no_page_breaks_a_content_security_policy(seen: Seen) -> None:
    assert not [line for line in seen.console if "Content Security Policy" in line]
