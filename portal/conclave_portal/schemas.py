"""Response schemas that several apps share: errors and the site's mode."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from conclave_portal.codes import FieldCode, ProblemCode

ModeName = Literal["open", "isolated", "sealed", "unknown"]


class ModeOut(Schema):
    """The site's mode: open, isolated from the outside, or unknown."""

    mode: ModeName
    mode_since: datetime | None
    mode_until: Annotated[datetime | None, Field(description="When a rehearsal ends and the site reopens by itself.")]


class WrongField(Schema):
    """A field that was not accepted."""

    field: str
    code: FieldCode
    limit: Annotated[int | None, Field(description="The limit that was exceeded or not reached, if there is one.")] = (
        None
    )


class Problem(Schema):
    """An error. It has no text for people: clients have one for each code."""

    code: ProblemCode
    retry_after: Annotated[
        int | None, Field(description="Seconds to wait before trying again; set with `too_many_attempts`.")
    ] = None
    fields: Annotated[
        list[WrongField] | None, Field(description="The fields that were not accepted; set with `invalid`.")
    ] = None
