"""How often a PIN may be tried."""

from __future__ import annotations

from conclave_portal.limits import Limit, network, spend, take_back

# Eight digits and 10 tries in 15 minutes: one chance in 300 after a year of trying without a pause.
MEETING = Limit("meeting", tries=10, window=15 * 60)
# Wider, as a whole office may stand behind one address.
ADDRESS = Limit("address", tries=30, window=15 * 60)


class Attempt:
    """One try at a PIN. It is counted at once, and taken back if the PIN was right.

    Counting first means that many tries at the same moment cannot slip past the limit. Ids that do not exist are
    counted just like those that do.

    Parameters
    ----------
    meeting:
        The id as it was asked for.
    address:
        Where the request comes from; of an IPv6 address its /64 network counts.

    Raises
    ------
    Refusal
        429 while locked, with the seconds to wait; 503 when the cache does not answer.
    """

    def __init__(self, meeting: str, address: str) -> None:
        self._keys = spend((MEETING, meeting), (ADDRESS, network(address)))

    def succeeded(self) -> None:
        """Take the try back."""
        take_back(self._keys)
