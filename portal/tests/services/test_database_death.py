"""A database that has started anew: whoever asks next is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, connection
from people import Browser

from meetings import api

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import DjangoDbBlocker


@pytest.mark.usefixtures("django_db_setup")
def test_a_connection_that_died_with_it_is_replaced(folder: Path, django_db_blocker: DjangoDbBlocker) -> None:
    # Outside of a test's transaction, for a connection that dies takes that with it; nothing is written.
    with django_db_blocker.unblock():
        # One connection, whatever tests before this one have left: of several dead ones see docs/operate/limits.md.
        connection.close()
        connection.close_pool()
        # Of a meeting that is not there the answer is like any other.
        asked = f"/api/meetings/{uuid4()}/public"
        assert Browser().get(asked).status_code == 200
        name = connection.settings_dict["NAME"]
        # Back into the pool, as at the end of a request.
        connection.close()
        with psycopg.connect(host=str(folder), user="portal", dbname=name, autocommit=True) as other:
            ended = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            ).fetchall()
        assert ended
        assert Browser().get(asked).status_code == 200
        connection.close()


@pytest.mark.django_db
def test_while_it_is_away_it_is_said_that_asking_again_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_what: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(api.Meeting.objects, "filter", away)
    answer = Browser().get(f"/api/meetings/{uuid4()}/public")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
