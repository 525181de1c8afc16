"""Which mode the site is in: read from the host's own word, never kept here.

The file is small and in memory, so it is read for every answer; what is shown is never older than the question.
"""

from __future__ import annotations

import ipaddress
import logging
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.schemas import ModeName

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest

logger = logging.getLogger("conclave.portal.mode")

# An announcement comes about a second before the hosts follow. If they never do, it must not count for ever.
BELIEVED = timedelta(seconds=60)


class Pending(BaseModel):
    """A rehearsal: the site goes back by itself at the deadline unless somebody confirms."""

    model_config = ConfigDict(frozen=True)

    deadline: AwareDatetime


class Mode(BaseModel):
    """The site's mode; more may stand in the file than is needed here."""

    model_config = ConfigDict(frozen=True)

    mode: ModeName
    since: AwareDatetime | None = None
    pending: Pending | None = None

    def shown(self) -> dict[str, object]:
        """Return what everybody may know: the reason and the actor stay with the operators."""
        return {
            "mode": self.mode,
            "mode_since": self.since,
            "mode_until": self.pending.deadline if self.pending else None,
        }


UNKNOWN = Mode(mode="unknown")
_complaints: dict[Path, str] = {}


def current() -> Mode:
    """Return the mode the site is in, or is just about to be switched to.

    An announcement can only make the mode stricter, and only until the host has spoken after it.
    """
    files = settings.CONFIG.mode
    said = _read(files.state) or UNKNOWN
    announced = _read(files.announcement) if files.announcement.exists() else None
    if announced is None or announced.since is None or said.mode in {"isolated", "sealed"}:
        return said
    fresh = timezone.now() - announced.since < BELIEVED
    newer = said.since is None or announced.since > said.since
    return announced if fresh and newer and announced.mode != "open" else said


def _read(path: Path) -> Mode | None:
    try:
        found = Mode.model_validate_json(path.read_bytes())
    except OSError as error:
        _complain(path, f"cannot be read: {error.strerror}")
    except ValidationError as error:
        _complain(path, f"is not understood: {error.errors(include_input=False, include_url=False)}")
    else:
        _complaints.pop(path, None)
        return found
    return None


def _complain(path: Path, what: str) -> None:
    """Say it once, not for every answer."""
    if _complaints.get(path) != what:
        _complaints[path] = what
        logger.warning("%s %s", path, what)


def where(request: HttpRequest) -> tuple[str, bool]:
    """Return the address of a client, and whether it is outside the site.

    An address that no known proxy has stated is the peer's own, for example that of an edge under another address than
    the configured one: whoever comes through it would be inside. uvicorn gives a stated address the port 0.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    direct = settings.CONFIG.web.behind_proxy and str(request.META.get("REMOTE_PORT", "0")) != "0"
    return address, direct or is_outside(address)


def is_outside(address: str) -> bool:
    """Say whether a client's address is in none of the site's networks; what is no address is outside, too."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return not any(parsed in network for network in settings.CONFIG.site.networks)


def refuse_outside() -> None:
    """Let somebody from outside in only while the site is known to be open.

    Packets from outside do not even reach an isolated site; this is for the one whose network lets them pass.

    Raises
    ------
    Refusal
        403 in every other mode.
    """
    match current().mode:
        case "open":
            return
        case "unknown":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.MODE_UNKNOWN)
        case _:
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.SITE_ISOLATED)
