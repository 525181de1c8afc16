"""The words with which the portal says no. Sentences for them belong to whoever shows them, in his own languages.

Both enumerations stand in the OpenAPI document, so that a client's types come from there and a code it has no sentence
for is found when it is built.
"""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """Why a request was refused, or as ``/?error=CODE`` why somebody was not signed in."""

    # Who asks.
    SIGN_IN_REQUIRED = "sign_in_required"
    CSRF = "csrf"
    NOT_ALLOWED = "not_allowed"
    PLANNING_NOT_ALLOWED = "planning_not_allowed"
    PEOPLE_ONLY = "people_only"
    # What is asked.
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    # With the wrong fields.
    INVALID = "invalid"
    # Joining.
    MEETING_NOT_FOUND = "meeting_not_found"
    MEETING_OVER = "meeting_over"
    MEETING_FULL = "meeting_full"
    NAME_AND_PIN_REQUIRED = "name_and_pin_required"
    PIN_WRONG = "pin_wrong"
    # With the seconds to wait.
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    SITE_ISOLATED = "site_isolated"
    MODE_UNKNOWN = "mode_unknown"
    # Signing in.
    SIGN_IN_FAILED = "sign_in_failed"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    # What the portal stands on.
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    MEDIA_UNAVAILABLE = "media_unavailable"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    # A message of the SFU.
    SIGNATURE_WRONG = "signature_wrong"


class FieldCode(StrEnum):
    """What is wrong with one field."""

    REQUIRED = "required"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OUT_OF_RANGE = "out_of_range"
    # A character that is invisible, breaks the line or turns the text round.
    CHARACTERS = "characters"
    # Not of the form that the field has.
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
