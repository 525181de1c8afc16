"""Under which name each SFU node is reached for TURN over TLS.

The edge tells nodes apart by the server name of the TLS greeting, so each of several needs a name of its own: a relay
is then on the node that carries the room, reaches that node only, and ends with no other node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# All below one label, so that one wildcard record outside (``*.turn``) leads all of them to the edge.
LABEL = "turn"


def turn_names(nodes: Iterable[str]) -> dict[str, str]:
    """Return the name below the site's domain of each media host's TURN.

    >>> turn_names(["media1"])
    {'media1': 'turn'}
    >>> turn_names(["media1", "media2"])
    {'media1': 'media1.turn', 'media2': 'media2.turn'}
    """
    names = list(nodes)
    return {name: LABEL if len(names) == 1 else f"{name}.{LABEL}" for name in names}
