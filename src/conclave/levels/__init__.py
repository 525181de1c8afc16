"""Security levels of meetings: what each demands, and what a site has made tighter.

Without dependencies of the project's own, because the portal carries a copy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = Path(__file__).with_name("levels.yml")
SCHEMA = Path(__file__).with_name("levels.schema.json")
# The key in a site's answer that is no level.
DEFAULT = "default"
# How a site says it in ``site.yml``: by level its tighter rules, and the default.
Tightened = dict[str, str | dict[str, str]]
# What this release cannot keep: a level that demands it is shown and cannot be planned.
NOT_KEPT = {("second_factor", "phishing_resistant"), ("device", "registered")}
# The keys of every meeting in this release, whatever its level asks for.
KEYS_NOW: Literal["link"] = "link"


class Rules(BaseModel):
    """What a level demands. Each rule's values stand in order, from loosest to tightest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guests: Literal["link", "link_and_pin", "named", "never"] = Field(description="Who comes in without an account.")
    second_factor: Literal["none", "any", "phishing_resistant"] = Field(description="Of people with an account.")
    device: Literal["any", "registered"] = Field(description="What people with an account come with.")
    # Each step keeps out or lets wait more people than the one before: with `named_guests`, a guest who is not named
    # does not even get as far as the lobby.
    waiting_room: Literal["optional", "guests", "named_guests", "everybody"] = Field(
        description="Who waits until an organiser lets him in; optional: guests, if the organiser wants it."
    )
    keys: Literal["link", "mls", "mls_code", "mls_identity"] = Field(description="Where the end-to-end keys come from.")
    recording: Literal["consent", "consent_on_site", "never"] = Field(description="On what terms.")
    telephone: Literal["allowed", "allowed_visible", "sip_tls", "never"] = Field(
        description="Telephones and room systems."
    )
    files: Literal["yes", "not_kept", "never"] = Field(description="Files in the chat.")
    screen_share: Literal["everybody", "granted", "organiser"] = Field(description="Who may share a screen.")
    place: Literal["anywhere", "site_and_vpn", "site"] = Field(description="From where people come in.")

    @property
    def missing(self) -> list[str]:
        """The rules that this release cannot keep."""
        return [rule for rule, value in self if (rule, value) in NOT_KEPT]


class Text(BaseModel):
    """The same in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=4)
    de: str = Field(min_length=4)


class Level(Rules):
    """A level: its name for programs, its title and one sentence for people, and its rules."""

    name: str = Field(pattern=r"^[a-z]+$")
    title: Text
    sentence: Text

    @property
    def rules(self) -> Rules:
        """The rules alone."""
        return Rules(**{rule: getattr(self, rule) for rule in Rules.model_fields})


class Table(BaseModel):
    """``levels.yml``: the levels, from loosest to tightest, and which one a meeting has when nobody says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: str
    levels: list[Level] = Field(min_length=1)

    def level(self, name: str) -> Level | None:
        """Return a level by its name."""
        return next((level for level in self.levels if level.name == name), None)

    @property
    def default_level(self) -> Level:
        """The level of a meeting when nobody says."""
        return next(level for level in self.levels if level.name == self.default)

    def tighter(self, new: str, old: str) -> bool:
        """Tell whether no rule of one level is looser than that of another; of none that is not known."""
        wanted, present = self.level(new), self.level(old)
        if wanted is None or present is None:
            return False
        return all(not looser(rule, getattr(wanted, rule), getattr(present, rule)) for rule in Rules.model_fields)


def scale(rule: str) -> tuple[str, ...]:
    """Return a rule's values, from loosest to tightest.

    >>> scale("place")
    ('anywhere', 'site_and_vpn', 'site')
    """
    return get_args(Rules.model_fields[rule].annotation)


def looser(rule: str, value: str, than: str) -> bool:
    """Tell whether one value of a rule demands less than another.

    >>> looser("recording", "consent", "never")
    True
    """
    return scale(rule).index(value) < scale(rule).index(than)


@cache
def shipped() -> Table:
    """Return the levels as they come with the product."""
    return Table.model_validate(YAML(typ="safe", pure=True).load(PATH.read_text(encoding="utf-8")))


def in_force(answer: Tightened) -> Table:
    """Return the levels as a site has tightened them.

    Parameters
    ----------
    answer:
        By level the rules that the site makes tighter, and ``default``: ``{standard: {recording: never}}``.

    Raises
    ------
    ValueError
        With the first of its `mistakes`.
    """
    for where, expected in mistakes(answer):
        message = f"{'.'.join(where)}: {expected} is expected"
        raise ValueError(message)
    return _changed(answer)


def mistakes(answer: Tightened) -> Iterator[tuple[tuple[str, ...], str]]:
    """Find what a site must not say of levels: where it stands in its answer, and what was expected there.

    Parameters
    ----------
    answer:
        As for `in_force`.
    """
    table = shipped()
    found = False
    for name, changes in answer.items():
        for where, expected in _mistakes_of(table, name, changes):
            found = True
            yield (name, *where), expected
    if not found and (missing := _changed(answer).default_level.missing):
        yield (DEFAULT,), f"a level that can be planned; this release does not keep its {', '.join(missing)}"


def _mistakes_of(table: Table, name: str, changes: object) -> Iterator[tuple[tuple[str, ...], str]]:
    known = ", ".join(level.name for level in table.levels)
    if name == DEFAULT:
        if not isinstance(changes, str) or table.level(changes) is None:
            yield (), f"one of {known}"
        return
    level = table.level(name)
    if level is None:
        yield (), f"none of this; known here: {DEFAULT}, {known}"
        return
    if not isinstance(changes, dict):
        yield (), "rules and their values, such as {recording: never}"
        return
    for rule, value in changes.items():
        if rule not in Rules.model_fields:
            yield (rule,), f"none of this; known here: {', '.join(Rules.model_fields)}"
            continue
        present = getattr(level, rule)
        if value not in scale(rule) or looser(rule, value, present):
            allowed = ", ".join(scale(rule)[scale(rule).index(present) :])
            yield (rule,), f"one of {allowed}: a site may tighten the rule {rule}, never loosen it"


def _changed(answer: Tightened) -> Table:
    table = shipped()
    levels = [level.model_copy(update=_rules(answer.get(level.name, {}))) for level in table.levels]
    return table.model_copy(update={"levels": levels, DEFAULT: answer.get(DEFAULT, table.default)})


def _rules(value: str | dict[str, str]) -> dict[str, str]:
    return value if isinstance(value, dict) else {}


def _checked(answer: Tightened) -> Tightened:
    in_force(answer)
    return answer


# The same in the portal's configuration, where a mistake ends the start.
Answer = Annotated[Tightened, AfterValidator(_checked)]
