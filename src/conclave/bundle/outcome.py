"""How the check of a bundle can end: exit codes and errors, one per reason.

| code | error | found |
| --- | --- | --- |
| 20 | `NotABundleError` | no bundle at the path |
| 21 | `DamagedError` | a file whose bytes are not the signed ones |
| 22 | `MissingFileError` | a listed file is not there |
| 23 | `ExtraFileError` | a file that is not listed |
| 24 | `TruncatedError` | files that end too early: a copy that was cut off |
| 25 | `UnknownKeyError` | signed by keys that the site does not trust |
| 26 | `ExpiredError` | the signature's time has passed |
| 27 | `OlderError` | a release before the installed one, or another one with its number |
"""

from __future__ import annotations

from enum import IntEnum

from conclave.errors import ConclaveError


class Outcome(IntEnum):
    """Exit status of ``conclave bundle verify``."""

    GOOD = 0
    NOT_A_BUNDLE = 20
    DAMAGED = 21
    MISSING_FILE = 22
    EXTRA_FILE = 23
    TRUNCATED = 24
    UNKNOWN_KEY = 25
    EXPIRED = 26
    OLDER = 27


class RefusedError(ConclaveError):
    """A bundle that must not be installed; each reason is a class of its own."""

    outcome: Outcome

    def __init__(self, found: str, *, expected: str, todo: str) -> None:
        super().__init__(found, expected=expected, todo=todo, exit_code=int(self.outcome))


class NotABundleError(RefusedError):
    """There is no bundle at the path."""

    outcome = Outcome.NOT_A_BUNDLE


class DamagedError(RefusedError):
    """A file's bytes are not the signed ones."""

    outcome = Outcome.DAMAGED


class MissingFileError(RefusedError):
    """A listed file is not there."""

    outcome = Outcome.MISSING_FILE


class ExtraFileError(RefusedError):
    """There is a file that is not listed."""

    outcome = Outcome.EXTRA_FILE


class TruncatedError(RefusedError):
    """Files end too early."""

    outcome = Outcome.TRUNCATED


class UnknownKeyError(RefusedError):
    """The bundle is signed by keys that the site does not trust."""

    outcome = Outcome.UNKNOWN_KEY


class ExpiredError(RefusedError):
    """The time for which the bundle was signed has passed."""

    outcome = Outcome.EXPIRED


class OlderError(RefusedError):
    """The release is older than the installed one, or is another one with the same number."""

    outcome = Outcome.OLDER
