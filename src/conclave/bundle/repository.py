"""The signed apt repository of a bundle, made by aptly."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conclave.bundle.tools import Runner

PROGRAMS = ("aptly", "gpg", "gpgconf")
SUITE = "site"
COMPONENT = "main"
PUBLIC_KEY = "depot.gpg"


@contextmanager
def keyring(home: Path, runner: Runner) -> Iterator[dict[str, str]]:
    """Give the environment to use an OpenPGP home with, and end the agent that gpg starts for it."""
    environment = {"GNUPGHOME": str(home)}
    try:
        yield environment
    finally:
        runner.run(["gpgconf", "--kill", "all"], env=environment)


def new_key(home: Path, runner: Runner) -> None:
    """Make the key that signs apt repositories: Ed25519, no expiry.

    It is replaced with the site's root of trust, not by a date: hosts must be able to install when the site is cut off.
    """
    home.mkdir(parents=True, mode=0o700)
    with keyring(home, runner) as environment:
        runner.run(
            [
                "gpg",
                "--batch",
                "--quiet",
                "--passphrase",
                "",
                "--quick-generate-key",
                "Conclave depot",
                "ed25519",
                "sign",
                "0",
            ],
            env=environment,
        )


def fingerprint(home: Path, runner: Runner) -> str:
    """Return the fingerprint of the key that signs apt repositories."""
    with keyring(home, runner) as environment:
        told = runner.output(["gpg", "--batch", "--with-colons", "--list-secret-keys"], env=environment)
    return next(line.split(":")[9] for line in told.splitlines() if line.startswith("fpr:"))


def publish(packages: Iterable[Path], target: Path, home: Path, runner: Runner) -> None:
    """Publish packages as a signed repository.

    Parameters
    ----------
    packages:
        Folders with ``.deb`` files.
    target:
        The repository's folder; it must not exist yet.
    home:
        OpenPGP home of the signing key.
    runner:
        Runs aptly and gpg.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".aptly-", dir=target.parent) as temporary:
        root = Path(temporary)
        settings = {
            "rootDir": str(root),
            "architectures": ["amd64"],
            "gpgProvider": "gpg",
            "skipContentsPublishing": True,
            # Files of their own: a link would join the depot to the cache.
            "FileSystemPublishEndpoints": {"out": {"rootDir": str(root / "out"), "linkMethod": "copy"}},
        }
        (root / "aptly.conf").write_text(json.dumps(settings))
        with keyring(home, runner) as environment:
            aptly = ["aptly", f"-config={root / 'aptly.conf'}"]
            runner.run([*aptly, "repo", "create", f"-distribution={SUITE}", f"-component={COMPONENT}", SUITE])
            runner.run([*aptly, "repo", "add", SUITE, *packages])
            runner.run(
                [
                    *aptly,
                    "publish",
                    "repo",
                    "-batch",
                    "-skip-contents",
                    "-origin=Conclave",
                    "-label=Conclave",
                    SUITE,
                    "filesystem:out:",
                ],
                env=environment,
            )
            shutil.move(root / "out", target)
            runner.run(["gpg", "--batch", "--yes", "--output", target / PUBLIC_KEY, "--export"], env=environment)
