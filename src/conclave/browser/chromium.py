"""Chromium that trusts the site's authority and nothing else of the site's, started where users are."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from playwright.async_api import Browser

# A camera and a microphone that always answer, no first-run pages, and as few of the browser's own look-ups as it lets
# itself be talked into.
_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@contextlib.asynccontextmanager
async def chromium(authority: Path, prefix: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """Run a headless Chromium for as long as the block lasts.

    Parameters
    ----------
    authority:
        PEM file of the site's certificate authority; certificates of others are not excused.
    prefix:
        Command that leads into the users' zone; empty to run here.

    Raises
    ------
    ConclaveError
        When Chromium or certutil is not installed.
    """
    with _launcher(authority, prefix) as program:
        async with async_playwright() as playwright:
            # Chromium's own sandbox does not start as root; the lab's namespaces are its fence here.
            browser = await playwright.chromium.launch(
                executable_path=program, args=_FLAGS, chromium_sandbox=os.geteuid() != 0
            )
            try:
                yield browser
            finally:
                await browser.close()


def show(authority: Path, prefix: Sequence[str], address: str) -> int:
    """Open a visible Chromium in the users' zone and return its exit status when it is closed."""
    with _launcher(authority, prefix) as program, tempfile.TemporaryDirectory(prefix="conclave-profile-") as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        return subprocess.run(
            [program, *_FLAGS, *sandbox, f"--user-data-dir={profile}", address], check=False
        ).returncode


def trust(store: Path, authority: Path) -> None:
    """Make a folder the certificate store (NSS) of a browser that trusts the site's authority for servers.

    Raises
    ------
    ConclaveError
        When certutil is not installed.
    """
    certutil = [_installed("certutil", "libnss3-tools"), "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-t", "C,,", "-n", "site", "-i", str(authority)], check=True)


@contextlib.contextmanager
def _launcher(authority: Path, prefix: Sequence[str]) -> Iterator[str]:
    """Yield a program that starts Chromium in the zone, with a home of its own that knows the authority."""
    browser = _installed("chromium", "chromium")
    with tempfile.TemporaryDirectory(prefix="conclave-browser-") as home:
        store = Path(home) / ".pki" / "nssdb"
        store.mkdir(parents=True)
        trust(store, authority)
        program = Path(home) / "chromium"
        line = shlex.join([*prefix, "env", f"HOME={home}", browser])
        program.write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
        program.chmod(0o700)
        yield str(program)


def _installed(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ConclaveError(
            f"the program {program} is not installed", todo=f"apt-get install {package}", exit_code=ExitCode.MACHINE
        )
    return path
