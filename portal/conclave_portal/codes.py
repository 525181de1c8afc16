"""Error codes. The text for each belongs to the client that shows it, in the client's own languages.

Both enumerations are part of the OpenAPI document. Clients generate their types from it, so a code for which a client
has no text is found when the client is built.
"""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """Why a request was refused; in ``/?error=CODE``, why a sign-in failed."""

    # The caller.
    SIGN_IN_REQUIRED = "sign_in_required"
    CSRF = "csrf"
    NOT_ALLOWED = "not_allowed"
    PLANNING_NOT_ALLOWED = "planning_not_allowed"
    JOINING_NOT_ALLOWED = "joining_not_allowed"
    PEOPLE_ONLY = "people_only"
    GUESTS_NOT_ALLOWED = "guests_not_allowed"
    OUTSIDE_NOT_ALLOWED = "outside_not_allowed"
    # The request.
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    # Comes with the fields that were not accepted.
    INVALID = "invalid"
    # Planning: the release cannot keep the level's rules; the change would loosen them; somebody is in the room.
    LEVEL_NOT_AVAILABLE = "level_not_available"
    LEVEL_LOOSER = "level_looser"
    MEETING_RUNNING = "meeting_running"
    # Expecting people: there are as many as a meeting may have.
    TOO_MANY_EXPECTED = "too_many_expected"
    # Leading: somebody is gone meanwhile; only people with an account can become co-organisers.
    PERSON_NOT_FOUND = "person_not_found"
    ACCOUNT_REQUIRED = "account_required"
    # Extending: it would last longer than a meeting may.
    MEETING_TOO_LONG = "meeting_too_long"
    # Joining.
    MEETING_NOT_FOUND = "meeting_not_found"
    MEETING_OVER = "meeting_over"
    MEETING_FULL = "meeting_full"
    NAME_AND_PIN_REQUIRED = "name_and_pin_required"
    PIN_WRONG = "pin_wrong"
    # Personal links: not valid, or of a meeting that is over; bound to another device; the only way in for guests.
    LINK_VOID = "link_void"
    LINK_USED = "link_used"
    PERSONAL_LINK_REQUIRED = "personal_link_required"
    # Places in the lobby.
    PLACE_UNKNOWN = "place_unknown"
    DENIED = "denied"
    # Moved back a moment ago: how it stands, `GET place` says.
    WAITING = "waiting"
    REMOVED = "removed"
    # Comes with the number of seconds to wait.
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    SITE_ISOLATED = "site_isolated"
    MODE_UNKNOWN = "mode_unknown"
    # Signing in.
    SIGN_IN_FAILED = "sign_in_failed"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    # Services that the portal depends on.
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    MEDIA_UNAVAILABLE = "media_unavailable"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    # Webhook calls of the SFU.
    SIGNATURE_WRONG = "signature_wrong"


class FieldCode(StrEnum):
    """What is wrong with one field."""

    REQUIRED = "required"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OUT_OF_RANGE = "out_of_range"
    # Invisible characters, line breaks, characters that change the direction of text, or more marks than a letter has.
    CHARACTERS = "characters"
    # Of the wrong type or format.
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
