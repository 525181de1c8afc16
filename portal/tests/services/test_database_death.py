"""A database that has started anew: whoever asks next is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import psycopg_pool.base
import pytest
from django.db import OperationalError, connection
from people import Browser
from psycopg import sql
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meetings import api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker

# Of a meeting that is not there the answer is like any other.
ASKED = f"/api/meetings/{uuid4()}/public"


@pytest.fixture
def name(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Return the database's name, with a new pool; in no transaction, for a connection that dies takes that with it."""
    request.getfixturevalue("django_db_setup")
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()
        yield connection.settings_dict["NAME"]
        connection.close()
        connection.close_pool()


@pytest.fixture
def elsewhere(folder: Path, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Reach the server through another database."""
    with psycopg.connect(host=str(folder), user="portal", dbname="postgres", autocommit=True) as other:
        yield other
        allow(other, name, connections=True)


def allow(elsewhere: psycopg.Connection[Any], name: str, *, connections: bool) -> None:
    """Let the database be there or not; it is away for its owner, too."""
    words = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    elsewhere.execute(words.format(sql.Identifier(name), sql.Literal(connections)))


def kill(elsewhere: psycopg.Connection[Any], name: str) -> int:
    """End all connections to the database, and return how many there were."""
    ended = elsewhere.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
    return len(ended.fetchall())


@pytest.mark.parametrize("count", [1, 5])
def test_connections_that_died_with_it_are_replaced(count: int, elsewhere: psycopg.Connection[Any], name: str) -> None:
    connection.pool.open()
    held = [connection.pool.getconn() for _ in range(count)]
    for one in held:
        connection.pool.putconn(one)
    assert kill(elsewhere, name) >= count
    assert Browser().get(ASKED).status_code == 200


def test_it_is_looked_for_all_the_time_while_it_is_away(
    monkeypatch: pytest.MonkeyPatch, elsewhere: psycopg.Connection[Any], name: str
) -> None:
    # A hundredth of the pauses that there are at a site.
    monkeypatch.setattr(psycopg_pool.base.AttemptWithBackoff, "INITIAL_DELAY", 0.01)
    pool = connection.pool
    pool.reconnect_timeout, pool.timeout = pool.reconnect_timeout / 100, 0.1
    browser = Browser()
    allow(elsewhere, name, connections=False)
    kill(elsewhere, name)
    assert browser.get(ASKED).status_code == 503
    # Whether or not anybody asks.
    tried_often(pool)
    allow(elsewhere, name, connections=True)
    pool.timeout = 5
    assert browser.get(ASKED).status_code == 200


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(5), wait=wait_fixed(0.02), reraise=True)
def tried_often(pool: psycopg_pool.ConnectionPool) -> None:
    assert pool.get_stats()["connections_errors"] > 40


@pytest.mark.django_db
def test_while_it_is_away_it_is_said_that_asking_again_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_what: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(api.Meeting.objects, "filter", away)
    answer = Browser().get(f"/api/meetings/{uuid4()}/public")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
