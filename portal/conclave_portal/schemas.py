"""What several apps answer: the one shape of a refusal, and the site's mode."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from conclave_portal.codes import FieldCode, ProblemCode

ModeName = Literal["open", "isolated", "sealed", "unknown"]


class ModeOut(Schema):
    """The site's mode: open, cut off from the outside, or not known."""

    mode: ModeName
    mode_since: datetime | None
    mode_until: Annotated[datetime | None, Field(description="End of a rehearsal, when the site opens by itself.")]


class WrongField(Schema):
    """One field that was not accepted."""

    field: str
    code: FieldCode
    limit: Annotated[int | None, Field(description="The limit that was not kept, where there is one.")] = None


class Problem(Schema):
    """A refusal. It has no sentence: whoever shows it to people has one for each code."""

    code: ProblemCode
    retry_after: Annotated[int | None, Field(description="Seconds to wait; with `too_many_attempts`.")] = None
    fields: Annotated[list[WrongField] | None, Field(description="What is wrong; with `invalid`.")] = None
