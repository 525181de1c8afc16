"""Every sentence the portal says to people, in German and English."""

from __future__ import annotations

from django.utils.translation import get_language

TEXTS: dict[str, dict[str, str]] = {
    "sign_in_required": {
        "de": "Bitte melden Sie sich an.",
        "en": "Please sign in.",
    },
    "not_allowed": {
        "de": "Das darf nur, wer die Besprechung geplant hat.",
        "en": "Only the person who planned the meeting may do this.",
    },
    "planning_not_allowed": {
        "de": "Ihr Konto darf keine Besprechungen planen. Die Rolle „organiser“ fehlt.",
        "en": "Your account may not plan meetings. It lacks the role “organiser”.",
    },
    "people_only": {
        "de": "Dienstkonten betreten Besprechungen als Gäste, mit PIN.",
        "en": "Service accounts enter meetings as guests, with the PIN.",
    },
    "csrf": {
        "de": "Die Seite ist veraltet. Bitte laden Sie sie neu.",
        "en": "This page is out of date. Please reload it.",
    },
    "not_found": {
        "de": "Diese Adresse gibt es nicht.",
        "en": "There is nothing at this address.",
    },
    "meeting_not_found": {
        "de": "Diese Besprechung gibt es nicht oder nicht mehr.",
        "en": "This meeting does not exist, or no longer.",
    },
    "bad_request": {
        "de": "Die Anfrage ist unvollständig oder fehlerhaft.",
        "en": "The request is incomplete or wrong.",
    },
    "invalid": {
        "de": "Bitte prüfen Sie Ihre Angaben.",
        "en": "Please check what you entered.",
    },
    "field_title": {
        "de": "Der Titel hat 1 bis 120 Zeichen.",
        "en": "A title has 1 to 120 characters.",
    },
    "field_starts_at": {
        "de": "Der Beginn braucht eine Zeitzone, liegt höchstens einen Tag zurück und höchstens fünf Jahre voraus.",
        "en": "The start needs a time zone, is at most one day ago and at most five years ahead.",
    },
    "field_duration_minutes": {
        "de": "Die Dauer beträgt 5 bis 1440 Minuten.",
        "en": "The duration is 5 to 1440 minutes.",
    },
    "field_display_name": {
        "de": "Der Name hat 1 bis 60 Zeichen.",
        "en": "A name has 1 to 60 characters.",
    },
    "field_pin": {
        "de": "Die PIN hat 8 Ziffern.",
        "en": "The PIN has 8 digits.",
    },
    "name_and_pin_required": {
        "de": "Bitte geben Sie Ihren Namen und die PIN der Besprechung ein, oder melden Sie sich an.",
        "en": "Please enter your name and the meeting's PIN, or sign in.",
    },
    "pin_wrong": {
        "de": "Link oder PIN stimmen nicht.",
        "en": "The link or the PIN is wrong.",
    },
    "too_many_attempts": {
        "de": "Zu viele Versuche. Bitte versuchen Sie es in {wait} wieder.",
        "en": "Too many attempts. Please try again in {wait}.",
    },
    "meeting_over": {
        "de": "Diese Besprechung ist vorbei.",
        "en": "This meeting is over.",
    },
    "site_isolated": {
        "de": "Dieser Standort ist abgeschottet. Von außen kann zurzeit niemand teilnehmen. Die Organisation weiß es.",
        "en": "This site is isolated. Nobody can join from outside for now; your organiser knows.",
    },
    "mode_unknown": {
        "de": "Es ist nicht bekannt, ob dieser Standort abgeschottet ist. Bis dahin kann von außen niemand teilnehmen.",
        "en": "It is not known whether this site is isolated. Until it is, nobody can join from outside.",
    },
    "meeting_full": {
        "de": "Die Leitung des Standorts nach außen ist voll. Von außen kann zurzeit niemand mehr teilnehmen.",
        "en": "The site's line to the outside is full. Nobody else can join from outside for now.",
    },
    "media_unavailable": {
        "de": "Der Besprechungsraum ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
        "en": "The meeting room cannot be reached just now. Please try again in a moment.",
    },
    "unavailable": {
        "de": "Der Dienst ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
        "en": "The service cannot be reached just now. Please try again in a moment.",
    },
    "identity_unavailable": {
        "de": "Der Anmeldedienst ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
        "en": "The sign-in service cannot be reached just now. Please try again in a moment.",
    },
    "second_factor_missing": {
        "de": "Die Anmeldung braucht einen zweiten Faktor. Bitte melden Sie sich neu an.",
        "en": "Signing in needs a second factor. Please sign in again.",
    },
    "sign_in_failed": {
        "de": "Die Anmeldung ist fehlgeschlagen. Bitte beginnen Sie von vorn.",
        "en": "Signing in failed. Please start again.",
    },
    "signature_wrong": {
        "de": "Die Unterschrift der Meldung stimmt nicht.",
        "en": "The message's signature is wrong.",
    },
    "internal": {
        "de": "Etwas ist schiefgegangen. Der Fehler wurde aufgezeichnet.",
        "en": "Something went wrong. The error has been recorded.",
    },
    "wait_seconds": {"de": "{count} Sekunden", "en": "{count} seconds"},
    "wait_minute": {"de": "einer Minute", "en": "one minute"},
    "wait_minutes": {"de": "{count} Minuten", "en": "{count} minutes"},
}

# What stands for a part of a sentence, or for one field, is no code of a refusal.
CODES = sorted(key for key in TEXTS if not key.startswith(("field_", "wait_")))


def text(code: str, **values: object) -> str:
    """Return the sentence in the language of the current request.

    Parameters
    ----------
    code:
        A key of `TEXTS`.
    values:
        What stands in the sentence's braces.
    """
    language = (get_language() or "en")[:2]
    rows = TEXTS[code]
    return rows.get(language, rows["en"]).format(**values)


def waiting(seconds: int) -> str:
    """Say a time to wait in words, for `too_many_attempts`."""
    minute = 60
    if seconds < minute:
        return text("wait_seconds", count=max(seconds, 1))
    minutes = -(-seconds // minute)
    return text("wait_minute") if minutes == 1 else text("wait_minutes", count=minutes)
