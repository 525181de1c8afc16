"""The one shape of every refusal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from conclave_portal.messages import CODES
from conclave_portal.mode import Name


class ModeOut(Schema):
    """The site's mode: open, cut off from the outside, or not known."""

    mode: Name
    mode_since: datetime | None
    mode_until: Annotated[datetime | None, Field(description="End of a rehearsal, when the site opens by itself.")]


class WrongField(Schema):
    """One field that was not accepted."""

    field: str
    message: str


class Problem(Schema):
    """A refusal: a code for programs, a sentence for people in the language of the request."""

    code: Annotated[str, Field(json_schema_extra={"enum": CODES})]
    message: str
    retry_after: int | None = None
    fields: list[WrongField] | None = None
