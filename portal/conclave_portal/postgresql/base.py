"""The backend: what Django looks for in a module of this name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

    Pool = ConnectionPool[psycopg.Connection[Any]]

# After this many seconds of vain attempts a connection is given up, and another one attempted at once. By itself the
# pool doubles the pause after each attempt: a server that was away for a minute would be missed for another.
RECONNECT_SECONDS = 2.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for the pool it makes."""

    # Django's, unknown to its type stubs.
    _connection_pools: ClassVar[dict[str, Pool]]
    _configure_connection: Callable[[psycopg.Connection[Any]], None]

    @property
    def pool(self) -> Pool | None:
        """The pool of this process, closed until the first request; none where the settings ask for none."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias not in self._connection_pools:
            self._connection_pools.setdefault(self.alias, self._new_pool(options))
        return super().pool  # type: ignore[no-any-return]

    def _new_pool(self, options: dict[str, Any]) -> Pool:
        def check(connection: psycopg.Connection[Any]) -> None:
            """Look at all connections once one has died, or each further dead one costs a pause of its own."""
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.Error:
                pool.check()
                raise

        pool: Pool = ConnectionPool(
            # As Django does: it sets the mode it wants later.
            kwargs={**self.get_connection_params(), "autocommit": True},
            open=False,
            configure=self._configure_connection,
            check=check,
            reconnect_timeout=RECONNECT_SECONDS,
            # A pool without connections begins with one more.
            reconnect_failed=ConnectionPool.check,
            **options,
        )
        return pool
