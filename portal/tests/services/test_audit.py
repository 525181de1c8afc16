from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Entry
from audit.record import record

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_the_database_refuses_to_change_the_log(statement: str) -> None:
    record("planned", actor="ada", meeting="m")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().actor == "ada"


def test_a_name_cannot_forge_a_line_of_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        record("joined", actor="Eve\nINFO removed actor='ada'", meeting="m")
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
