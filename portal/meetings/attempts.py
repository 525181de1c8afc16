"""How often a PIN may be tried."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from django.core.cache import cache
from redis.exceptions import RedisError

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.limits import Limit, network, spend, take_back

# Who tries wrong PINs shuts out himself: one network at one meeting.
GUEST = Limit("guest", tries=10, window=15 * 60)
# Wider, as a whole office may stand behind one address.
ADDRESS = Limit("address", tries=30, window=15 * 60)
# From all networks that nobody has come in from: eight digits and 40 tries an hour are one chance in 285 after a year
# of trying without a pause, however many networks somebody has.
MEETING = Limit("meeting", tries=40, window=60 * 60)
# A network that a guest came in from is known for this meeting, for as long as a meeting may last.
_KNOWN_FOR = 24 * 60 * 60


class Attempt:
    """One try at a PIN. It is counted at once, and taken back if the PIN was right.

    Counting first means that many tries at the same moment cannot slip past the limit. Ids that do not exist are
    counted just like those that do. What strangers try elsewhere does not lock the site's own networks, nor one from
    which somebody came in with the right PIN.

    Parameters
    ----------
    meeting:
        The id as it was asked for.
    address:
        Where the request comes from; of an IPv6 address its /64 network counts.
    inside:
        Whether that is in the site's own networks.

    Raises
    ------
    Refusal
        429 while locked, with the seconds to wait; 503 when the cache does not answer.
    """

    def __init__(self, meeting: str, address: str, *, inside: bool = False) -> None:
        source = network(address)
        place = f"{meeting} {source}"
        self._known = f"known:{hashlib.sha256(place.encode()).hexdigest()[:32]}"
        of = [(GUEST, place), (ADDRESS, source)]
        try:
            known = inside or cache.get(self._known)
        except RedisError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error
        self._tries = spend(*of) if known else spend(*of, (MEETING, meeting))

    def succeeded(self) -> None:
        """Take the try back, and know the network."""
        take_back(self._tries)
        try:
            cache.set(self._known, 1, timeout=_KNOWN_FOR)
        except RedisError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error
