"""Earlier spellings of commands, accepted for one release: arguments in, today's arguments and a message out."""

from __future__ import annotations

import shlex

from conclave import paths

# Commands that took the site as an option.
_SITE_FIRST: tuple[tuple[str, ...], ...] = (("call",), ("plan",), ("rehearse", "network"))
_OPTIONS: dict[tuple[str, ...], dict[str, str]] = {
    ("rehearse", "network"): {"--cell": "--profile"},
    ("call",): {"--outside-by": "--outside-path", "--picture": "--screenshot"},
    ("demo",): {"--picture": "--screenshot"},
    ("site", "new"): {"--uplink-clock": "--uplink-ntp-server"},
    ("site", "secrets"): {"--new-authority": "--new-ca"},
}
_COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {("evidence", "prove"): ("crisis", "prove")}
# Options of the two commands below that take a value, so that what is left are their arguments.
_WITH_VALUE = {"--site", "--root", "--installed", "--bundle", "--language", "--out", "--page"}


def today(arguments: list[str]) -> tuple[list[str], str]:
    """Return arguments as this release spells them, and what to tell the operator; nothing where they are spelt so."""
    new = list(arguments)
    for words, instead in _COMMANDS.items():
        if _starts(new, words):
            new[: len(words)] = instead
    for words, options in _OPTIONS.items():
        if _starts(new, words):
            new = [_option(word, options) for word in new]
    for words in _SITE_FIRST:
        if _starts(new, words):
            site, rest = _taken(new[len(words) :], "--site")
            new = [*words, *site, *rest]
    if _starts(new, ("bundle", "verify")):
        new = _bundle_verify(new)
    if _starts(new, ("docs", "print")):
        new = _docs_print(new)
    if new == arguments:
        return new, ""
    return new, f"this spelling will be removed in the next release; use: conclave {shlex.join(new)}"


def _starts(arguments: list[str], words: tuple[str, ...]) -> bool:
    return tuple(arguments[: len(words)]) == words


def _option(word: str, options: dict[str, str]) -> str:
    name, equals, value = word.partition("=")
    return f"{options.get(name, name)}{equals}{value}"


def _taken(arguments: list[str], option: str) -> tuple[list[str], list[str]]:
    """Return the values of an option, and the arguments without it."""
    values: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == option:
            values += [value for value in (next(words, None),) if value is not None]
        elif word.startswith(f"{option}="):
            values.append(word.partition("=")[2])
        else:
            rest.append(word)
    return values, rest


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return positional arguments and options with their values."""
    positional: list[str] = []
    options: list[str] = []
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            positional.append(word)
            continue
        options.append(word)
        if word in _WITH_VALUE:
            options += [value for value in (next(words, None),) if value is not None]
    return positional, options


def _bundle_verify(arguments: list[str]) -> list[str]:
    """``bundle verify FOLDER --site SITE`` was the order; a folder has a slash, a site's name cannot."""
    site, rest = _taken(arguments[2:], "--site")
    positional, options = _split(rest)
    if not site and not any("/" in word or word in {".", ".."} for word in positional):
        return arguments
    return [*arguments[:2], *site, *(word for folder in positional for word in ("--bundle", folder)), *options]


def _docs_print(arguments: list[str]) -> list[str]:
    """``docs print PAGE... --site SITE`` was the order."""
    site, rest = _taken(arguments[2:], "--site")
    positional, options = _split(rest)
    if not site and not all(map(_is_page, positional)):
        return arguments
    pages = [word for page in positional for word in ("--page", page)]
    return [*arguments[:2], *site, *pages, *options]


def _is_page(word: str) -> bool:
    root = paths.project_root()
    page = word == "ports" or (root / "docs/operate" / f"{word}.md").is_file()
    return page and not (root / "inventories" / word).is_dir()
