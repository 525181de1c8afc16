"""How a participant gets into a meeting: as a guest does, through the portal, its lobby included."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from conclave.call.messages import Ask
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

# What a guest waits for the portal.
ANSWER_SECONDS = 15.0
# How long a guest waits to be let in, and how often guest and organiser ask.
WAIT_SECONDS = 40.0
LOOK_SECONDS = 0.3
# Until one is on the wanted node: with eight nodes one run of half a million misses it.
MEETINGS_TRIED = 100
# Of levels that let in guests who were told link and PIN.
_BY_INVITATION = frozenset({"link", "link_and_pin"})
CLIENT = "conclave-probe"
REALM = "conclave"


class UnauthorizedError(ConclaveError):
    """The token is not, or no longer, taken."""


@dataclass(frozen=True)
class Ticket:
    """Where to go and the token that opens it."""

    url: str
    token: str = field(repr=False)


class Admission(Protocol):
    """Plans a meeting on entering, admits participants to it, and deletes it on leaving."""

    async def __aenter__(self) -> Self:
        """Plan the meeting."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the meeting."""
        ...

    async def admit(self, name: str) -> Ticket:
        """Return a ticket for one participant, valid about a minute."""
        ...


@dataclass(frozen=True)
class Invitation:
    """What a guest is told: the meeting, and, through another channel, its PIN."""

    meeting: str
    pin: str = field(repr=False)


class PortalAdmission:
    """Plans with the probe's service account, and joins with the PIN.

    Parameters
    ----------
    domain:
        Domain of the site.
    secret:
        Client secret of the service account.
    authority:
        File with the certificates to trust, or None for the system's.
    invitation:
        To a meeting that somebody else planned; then nothing is planned or deleted.
    """

    def __init__(self, domain: str, secret: str, authority: Path | None, invitation: Invitation | None = None) -> None:
        self.domain = domain
        self.meeting = invitation.meeting if invitation else None
        self._secret = secret
        self._planned = invitation is None
        self._pin = invitation.pin if invitation else ""
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        self._web = httpx.AsyncClient(verify=context, timeout=ANSWER_SECONDS, trust_env=False)
        self._bearer: dict[str, str] = {}
        self._doorkeeper: asyncio.Task[None] | None = None

    @property
    def portal(self) -> str:
        """Address of the portal's interface."""
        return f"https://meet.{self.domain}/api"

    @property
    def invitation(self) -> Invitation:
        """What guests of the planned meeting are told."""
        return Invitation(self.meeting or "", self._pin)

    async def __aenter__(self) -> Self:
        """Plan the meeting and fetch its PIN, unless invited to one."""
        if not self._planned:
            return self
        try:
            await self._plan()
        except BaseException:
            await self._web.aclose()
            raise
        # Guests from elsewhere come at any time, as those do who were sent by other programs.
        self._doorkeeper = asyncio.create_task(self._keep_the_door())
        return self

    async def invitations(self) -> list[Invitation]:
        """Return what guests of each of the probe's running and coming meetings are told."""
        await self._sign_in()
        meetings = await self._ask("the portal", "GET", f"{self.portal}/meetings", headers=self._bearer)
        return [Invitation(one["id"], await self._pin_of(one["id"])) for one in meetings if one["mine"]]

    async def _plan(self) -> None:
        await self._sign_in()
        start = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        wish = {"title": "Probe", "starts_at": start, "duration_minutes": 60, "level": await self._level()}
        meeting = await self._ask("the portal", "POST", f"{self.portal}/meetings", json=wish, headers=self._bearer)
        self.meeting = meeting["id"]
        self._pin = await self._pin_of(meeting["id"])

    async def _level(self) -> str:
        """Return the site's default level, or the next below it that lets guests in, as the participants are."""
        said = await self._ask("the portal", "GET", f"{self.portal}/levels")
        names = [level["name"] for level in said["levels"]]
        below = said["levels"][: names.index(said["default"]) + 1]
        return str(next(one["name"] for one in reversed(below) if one["rules"]["guests"] in _BY_INVITATION))

    async def _keep_the_door(self) -> None:
        """Let in whoever waits, as the meeting's organiser, for as long as it lasts."""
        while True:
            # The next round asks again, if need be with a new token.
            with contextlib.suppress(ConclaveError):
                await self._let_in()
            await asyncio.sleep(LOOK_SECONDS)

    async def _let_in(self) -> None:
        address = f"{self.portal}/meetings/{self.meeting}"
        try:
            room = await self._ask("the portal", "GET", f"{address}/room", headers=self._bearer)
        except UnauthorizedError:
            await self._sign_in()
            return
        if numbers := [one["number"] for one in room["waiting"]]:
            wish = {"numbers": numbers}
            await self._ask("the portal", "POST", f"{address}/waiting/admit", json=wish, headers=self._bearer)

    async def _pin_of(self, meeting: str) -> str:
        answer = await self._ask("the portal", "GET", f"{self.portal}/meetings/{meeting}/pin", headers=self._bearer)
        return str(answer["pin"])

    async def _sign_in(self) -> None:
        grant = await self._ask(
            "the identity server",
            "POST",
            f"https://sso.{self.domain}/realms/{REALM}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT, self._secret),
        )
        self._bearer = {"Authorization": f"Bearer {grant['access_token']}"}

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the meeting that was planned here."""
        if self._doorkeeper:
            self._doorkeeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._doorkeeper
        try:
            if self._planned and self.meeting:
                # The call may have lasted longer than the token.
                await self._sign_in()
                await self._delete()
        finally:
            await self._web.aclose()

    async def _delete(self) -> None:
        await self._ask("the portal", "DELETE", f"{self.portal}/meetings/{self.meeting}", headers=self._bearer)

    async def admit(self, name: str) -> Ticket:
        """Join as a guest does: name and PIN, and a word of the organiser."""
        return await _join_as_guest(self._web, self.question(name), let_in=self._let_in if self._planned else None)

    def question(self, name: str) -> Ask:
        """Return what a participant needs to ask for admission himself, from where he stands."""
        return Ask(portal=self.portal, meeting=self.meeting or "", name=name, pin=self._pin)

    async def _ask(self, whom: str, method: str, url: str, **request: Any) -> Any:  # noqa: ANN401 (httpx's own)
        return await _ask(self._web, whom, method, url, **request)


class NodeAdmission(PortalAdmission):
    """Plans meetings until the portal opens one on a certain media host; it spreads them by their names.

    Parameters
    ----------
    node:
        Name of the host.
    """

    def __init__(self, domain: str, secret: str, authority: Path | None, node: str) -> None:
        super().__init__(domain, secret, authority)
        self.node = node

    async def _plan(self) -> None:
        for _ in range(MEETINGS_TRIED):
            await super()._plan()
            ticket = await self.admit("Probe")
            if node_of(ticket.url) == self.node:
                return
            await self._delete()
            self.meeting = None
        raise ConclaveError(
            f"none of {MEETINGS_TRIED} meetings was opened on {self.node}",
            expected="rooms on every media host, for the portal asks each in turn",
            todo=f"look at its SFU: journalctl -u conclave-livekit on {self.node}",
        )


def node_of(url: str) -> str:
    """Return the media host through which an address for signalling leads.

    >>> node_of("wss://media.conf.example.org/media2")
    'media2'
    """
    return urlsplit(url).path.strip("/")


async def ask_for_admission(question: Ask) -> Ticket:
    """Ask the portal for admission over a connection of one's own; certificates are checked against the system's.

    Raises
    ------
    ConclaveError
        When the portal refuses or does not answer.
    """
    context = ssl.create_default_context()
    async with httpx.AsyncClient(verify=context, timeout=ANSWER_SECONDS, trust_env=False) as web:
        return await _join_as_guest(web, question)


async def _join_as_guest(
    web: httpx.AsyncClient, question: Ask, let_in: Callable[[], Awaitable[None]] | None = None
) -> Ticket:
    """Join; where the meeting lets guests wait, wait, and be let in by whoever keeps its door."""
    url = f"{question.portal}/meetings/{question.meeting}"
    wish = {"display_name": question.name, "pin": question.pin}
    answer = await _ask(web, "the portal", "POST", f"{url}/join", json=wish)
    if "token" not in answer:
        wish["place"] = answer["place"]
        if let_in:
            await let_in()
        await _wait(web, url, answer["place"])
        answer = await _ask(web, "the portal", "POST", f"{url}/join", json=wish)
    return Ticket(answer["url"], answer["token"])


async def _wait(web: httpx.AsyncClient, url: str, place: str) -> None:
    state = "waiting"
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while state == "waiting":
                told = await _ask(web, "the portal", "GET", f"{url}/place", headers={"X-Place": place})
                state = told["state"]
                if state == "waiting":
                    await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        pass
    if state != "admitted":
        raise ConclaveError(
            f"the participant was not let into the meeting: {state}",
            expected="an organiser who admits it",
            todo="admit it in the meeting's list of people who wait, and call again",
        )


async def _ask(web: httpx.AsyncClient, whom: str, method: str, url: str, **request: Any) -> Any:  # noqa: ANN401 (httpx's own)
    try:
        answer = await web.request(method, url, **request)
    except httpx.HTTPError as error:
        raise ConclaveError(
            f"{whom} does not answer: {type(error).__name__}: {error}",
            expected=f"an answer from {url}",
            todo="conclave verify, which looks at every link of the chain",
        ) from error
    if answer.is_error:
        kind = UnauthorizedError if answer.status_code == HTTPStatus.UNAUTHORIZED else ConclaveError
        raise kind(
            f"{whom} answered {method} {answer.request.url.path} with {answer.status_code}: {answer.text[:200]}",
            expected="a success",
            todo="conclave verify, which looks at every link of the chain",
        )
    return answer.json() if answer.content else {}
