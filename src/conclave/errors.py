"""The one error type that reaches an operator."""

from __future__ import annotations


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
        Exit status of the CLI, 1 to 125. A kind of error that scripts tell apart has a code of its own.
    """

    def __init__(self, found: str, *, expected: str = "", todo: str = "", exit_code: int = 1) -> None:
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
