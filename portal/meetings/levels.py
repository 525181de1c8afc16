"""``/api/levels``: the security levels in force."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from ninja import Router, Schema
from pydantic import Field

from conclave import levels

router = Router(tags=["levels"])


class LevelOut(Schema):
    """A level, with what the site has made tighter."""

    name: str
    title: levels.Text
    sentence: levels.Text
    rules: levels.Rules
    available: Annotated[bool, Field(description="Whether this release keeps all of its rules; else none is planned.")]
    missing: Annotated[list[str], Field(description="The rules that it does not keep.")]


class LevelsOut(Schema):
    """All levels, from loosest to tightest."""

    default: Annotated[str, Field(description="Level of a meeting that is planned without one.")]
    keys_now: Annotated[
        Literal["link"], Field(description="Where the keys of every meeting come from in this release.")
    ]
    levels: list[LevelOut]


@router.get("", response=LevelsOut, auth=None)
def in_force(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - the framework passes it
    """List the security levels in force at this site, and what each demands."""
    table = settings.CONFIG.security
    return {
        "default": table.default,
        "keys_now": levels.KEYS_NOW,
        "levels": [
            {
                "name": level.name,
                "title": level.title,
                "sentence": level.sentence,
                "rules": level.rules,
                "available": not level.missing,
                "missing": level.missing,
            }
            for level in table.levels
        ],
    }
