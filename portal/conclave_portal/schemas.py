"""The one shape of every refusal."""

from __future__ import annotations

from ninja import Schema


class WrongField(Schema):
    """One field that was not accepted."""

    field: str
    message: str


class Problem(Schema):
    """A refusal: a code for programs, a sentence for people in the language of the request."""

    code: str
    message: str
    retry_after: int | None = None
    fields: list[WrongField] | None = None
