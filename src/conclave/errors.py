"""The one error type that reaches an operator, and the exit codes of every command."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """Exit status of ``conclave``: each number means one thing, whatever the command.

    75 and 70 are EX_TEMPFAIL and EX_SOFTWARE of sysexits.h, 130 is what shells report for SIGINT. ``lab exec``,
    ``lab shell`` and ``browse`` end with the status of the program they start.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str = "") -> Self:
        """Make a member of its number and its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "done, nothing found"
    FAILED = 1, "carried out, but a task, check, call or host is not as it should be"
    INPUT = 2, "the command line, a file of the site or another input is wrong"
    MACHINE = 3, "this machine lacks something: a program, a library, a privilege, a resource"
    NOT_READY = 4, "the hosts or the lab are not in the state that the command needs"
    UNREACHABLE = 5, "a host did not answer"
    REHEARSAL_REFUSED = 6, "a crisis rehearsal was refused, because the site is isolated for real"
    NOT_PROVEN = 7, "the evidence does not show that the site is isolated"
    SECRETS = 8, "the site's secrets cannot be read"
    HOST_KEY = 9, "a host's ssh key is not accepted, or another one than the accepted key"
    EVIDENCE_UNREADABLE = 10, "no evidence, or not readable"
    EVIDENCE_EDITED = 11, "a line of the evidence was changed"
    EVIDENCE_REMOVED = 12, "a line of the evidence is missing"
    EVIDENCE_TRUNCATED = 13, "the evidence ends too early"
    EVIDENCE_UNSIGNED = 15, "the evidence has no signature"
    EVIDENCE_FORGED = 16, "a signature does not match the evidence"
    EVIDENCE_UNKNOWN_SIGNER = 17, "the evidence is signed with an unknown key"
    EVIDENCE_OTHER_VERDICT = 18, "the verdict does not follow from the evidence"
    BUNDLE_NONE = 20, "no bundle at the path"
    BUNDLE_DAMAGED = 21, "a file of the bundle is not the signed one"
    BUNDLE_MISSING_FILE = 22, "a file of the bundle is missing"
    BUNDLE_EXTRA_FILE = 23, "the bundle holds a file that is not listed"
    BUNDLE_TRUNCATED = 24, "a file of the bundle ends too early: the copy was cut off"
    BUNDLE_UNKNOWN_KEY = 25, "the bundle is signed with keys that the site does not trust"
    BUNDLE_EXPIRED = 26, "the bundle's signature has expired"
    BUNDLE_OLDER = 27, "the bundle is older than the installed release, or another one with its number"
    INSTALLATION = 70, "the installation of conclave is incomplete"
    BUSY = 75, "another command is at it; try again later"
    INTERRUPTED = 130, "interrupted"


class ConclaveError(Exception):
    """An error an operator can act on.

    Parameters
    ----------
    found:
        What was found, in one sentence.
    expected:
        What was expected instead, or an empty string.
    todo:
        What to type or do next, or an empty string.
    exit_code:
        Exit status of the command line.
    """

    def __init__(
        self, found: str, *, expected: str = "", todo: str = "", exit_code: ExitCode = ExitCode.FAILED
    ) -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
        self.todo = todo
        self.exit_code = exit_code

    def lines(self) -> list[str]:
        """Return the message as lines: found, expected, what to do."""
        rows = [self.found]
        if self.expected:
            rows.append(f"expected: {self.expected}")
        if self.todo:
            rows.append(f"do: {self.todo}")
        return rows
