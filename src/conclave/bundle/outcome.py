"""How the check of a bundle can end: one error for each exit code."""

from __future__ import annotations

from conclave.errors import ConclaveError, ExitCode


class RefusedError(ConclaveError):
    """A bundle that must not be installed; each reason is a class of its own."""

    outcome: ExitCode

    def __init__(self, found: str, *, expected: str, todo: str) -> None:
        super().__init__(found, expected=expected, todo=todo, exit_code=self.outcome)

    @property
    def name(self) -> str:
        """Name of the reason for programs, such as ``damaged``."""
        return "not_a_bundle" if self.outcome is ExitCode.BUNDLE_NONE else self.outcome.name.lower()[len("bundle_") :]


class NotABundleError(RefusedError):
    """There is no bundle at the path."""

    outcome = ExitCode.BUNDLE_NONE


class DamagedError(RefusedError):
    """A file's bytes are not the signed ones."""

    outcome = ExitCode.BUNDLE_DAMAGED


class MissingFileError(RefusedError):
    """A listed file is not there."""

    outcome = ExitCode.BUNDLE_MISSING_FILE


class ExtraFileError(RefusedError):
    """There is a file that is not listed."""

    outcome = ExitCode.BUNDLE_EXTRA_FILE


class TruncatedError(RefusedError):
    """Files end too early."""

    outcome = ExitCode.BUNDLE_TRUNCATED


class UnknownKeyError(RefusedError):
    """The bundle is signed by keys that the site does not trust."""

    outcome = ExitCode.BUNDLE_UNKNOWN_KEY


class ExpiredError(RefusedError):
    """The time for which the bundle was signed has passed."""

    outcome = ExitCode.BUNDLE_EXPIRED


class OlderError(RefusedError):
    """The release is older than the installed one, or is another one with the same number."""

    outcome = ExitCode.BUNDLE_OLDER
