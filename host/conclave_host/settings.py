"""Settings of a program: one JSON object in a file that a role has placed."""

from __future__ import annotations

import json
from typing import Any

FOLDER = "/etc/conclave/host"


class SettingsError(Exception):
    """A file of settings that cannot be used: what was found, what was expected, what to do."""


class Settings:
    """The object of one file; a value that is missing or of another type names the file.

    Parameters
    ----------
    path:
        The file.
    values:
        What it holds.
    """

    def __init__(self, path: str, values: dict[str, Any]) -> None:
        self.path = path
        self._values = values

    @classmethod
    def load(cls, path: str) -> Settings:
        """Read a file.

        Raises
        ------
        SettingsError
            When it is missing, not JSON, or something else than an object.
        """
        try:
            with open(path, encoding="utf-8") as file:
                values = json.load(file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SettingsError(_told(path, reason, "settings of a role, in JSON")) from error
        if not isinstance(values, dict):
            raise SettingsError(_told(path, f"a JSON {type(values).__name__}", "a JSON object"))
        return cls(path, values)

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise self.wrong(key, value, "a text")
        return value

    def number(self, key: str) -> int:
        """Return a whole number."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, value, "a whole number")
        return value

    def texts(self, key: str) -> list[str]:
        """Return a list of texts."""
        value = self._values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, value, "a list of texts")
        return value

    def numbers(self, key: str) -> list[int]:
        """Return a list of whole numbers."""
        value = self._values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise self.wrong(key, value, "a list of whole numbers")
        return value

    def part(self, key: str) -> Settings:
        """Return an object inside this one."""
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, value, "an object")
        return Settings(self.path, value)

    def parts(self, key: str) -> list[Settings]:
        """Return a list of objects."""
        value = self._values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, value, "a list of objects")
        return [Settings(self.path, item) for item in value]

    def has(self, key: str) -> bool:
        """Tell whether there is such a value."""
        return key in self._values

    def wrong(self, key: str, value: object, expected: str) -> SettingsError:
        """Return the error that names file, key and value."""
        found = f"no {key}" if value is None else f"{key} is {json.dumps(value)}"
        return SettingsError(_told(self.path, found, expected))


def _told(path: str, found: str | None, expected: str) -> str:
    return f"{path}: {found}; expected: {expected}; do: conclave deploy, on the control node"
