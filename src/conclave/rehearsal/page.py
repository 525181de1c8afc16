"""The page `/check` as a person's browser sees it."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError

from conclave.errors import ConclaveError, ExitCode
from conclave.rehearsal.result import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RESULT = "#check-result"
# What the slowest network of the table needs to show a page, and the page to come to an end.
LOAD_MS, END_MS = 45_000, 75_000
_ERROR = 400


def need_a_browser() -> None:
    """Refuse to go on where no browser can be started.

    Raises
    ------
    ConclaveError
        With what to install.
    """
    with contextlib.suppress(ImportError):
        import playwright.async_api  # noqa: F401, PLC0415 - whether it is there is the question

        return
    raise ConclaveError(
        "Playwright, which starts the browser, is not installed",
        expected="Debian's chromium and libnss3-tools, and the Python package playwright",
        todo="make setup in the project, then .venv/bin/conclave; or open https://meet.DOMAIN/check in a browser there",
        exit_code=ExitCode.MACHINE,
    )


async def measure(prefix: Sequence[str], authority: Path, domain: str) -> tuple[Measured | None, str, int | None]:
    """Open the page where the person stands and wait for its result.

    Returns
    -------
    tuple
        What the page measured, or else the browser's error, or else the status it was answered with.
    """
    from playwright.async_api import Error  # noqa: PLC0415 - a tool of development only

    from conclave.browser.chromium import chromium  # noqa: PLC0415

    async with chromium(authority, prefix) as browser:
        page = await browser.new_page(locale="en-GB")
        status = None
        try:
            answer = await page.goto(f"https://meet.{domain}/check", wait_until="domcontentloaded", timeout=LOAD_MS)
            status = answer.status if answer else None
            if status is not None and status >= _ERROR:
                return None, "", status
            result = page.locator(RESULT)
            await result.wait_for(state="attached", timeout=END_MS)
            return Measured.model_validate(json.loads(await result.text_content() or "")), "", status
        except Error as error:
            return None, _word(str(error)), status
        except (ValueError, ValidationError) as error:
            return None, f"a result that cannot be read: {str(error).splitlines()[0]}", status


def _word(text: str) -> str:
    """Return the browser's own word out of Playwright's account."""
    found = re.search(r"net::(ERR_\w+)", text)
    return found[1] if found else text.splitlines()[0]
