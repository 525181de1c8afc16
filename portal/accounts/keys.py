"""What the identity server publishes about itself, asked for rarely: a stranger's token must not make the portal ask.

Whoever needs an answer while one is being asked for waits for that one.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

from requests.exceptions import ConnectionError as NoConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import KeySetSerialization

# The server changes its keys a few times a year and publishes a new one before it signs with it.
PAUSE = 30.0
# After a failure, sooner: people wait to sign in. Until then they hear at once that it does not work.
AFTER_FAILURE = 3.0


class IdentityServer:
    """Metadata and keys of the identity server.

    Parameters
    ----------
    app:
        Authlib's client, which keeps what it has read.
    """

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - Authlib has no types
        self._app = app
        self._one = threading.Lock()
        self._failed_at = -AFTER_FAILURE
        self._read_at = -PAUSE

    def ready(self) -> None:
        """Have the metadata.

        Raises
        ------
        requests.exceptions.RequestException
            When the server does not answer, or did not a moment ago.
        """
        if "_loaded_at" not in self._app.server_metadata:
            with self._one:
                if "_loaded_at" not in self._app.server_metadata:
                    self._ask(self._app.load_server_metadata)

    def keys(self) -> KeySetSerialization:
        """Return the keys that are known, or read them.

        Raises
        ------
        requests.exceptions.RequestException
            As `ready`.
        """
        self.ready()
        if not self._app.server_metadata.get("jwks"):
            with self._one:
                if not self._app.server_metadata.get("jwks"):
                    self._ask(self._app.fetch_jwk_set)
        return cast("KeySetSerialization", dict(self._app.server_metadata["jwks"]))

    def newer_keys(self, known: KeySetSerialization) -> KeySetSerialization:
        """Read the keys again, unless they were read a moment ago: then return those.

        Parameters
        ----------
        known:
            The keys among which the wanted one is not.

        Raises
        ------
        requests.exceptions.RequestException
            As `ready`.
        """
        with self._one:
            if self._app.server_metadata.get("jwks") == known and time.monotonic() - self._read_at >= PAUSE:
                self._read_at = time.monotonic()
                self._ask(lambda: self._app.fetch_jwk_set(force=True))
        return cast("KeySetSerialization", dict(self._app.server_metadata["jwks"]))

    def _ask(self, what: Callable[[], object]) -> None:
        if time.monotonic() - self._failed_at < AFTER_FAILURE:
            message = "the identity server did not answer a moment ago"
            raise NoConnection(message)
        try:
            what()
        except Exception:
            self._failed_at = time.monotonic()
            raise
