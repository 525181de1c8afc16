from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from chained import close, empty, export, kinds, tamper, written
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from people import Browser, meeting, user

from accounts.models import User
from audit.models import Entry
from audit.record import pseudonym, record
from conclave import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def five() -> audit.Head:
    """Write five entries, and return the head."""
    for number in range(5):
        record("planned", actor='Ada Löwe "\\', meeting=f"m{number}", address="203.0.113.5", part=0.5, name="ß\n\x7f")
    return audit.read(export())[1]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_the_database_refuses_to_change_the_log(statement: str) -> None:
    record("planned", actor="ada", meeting="m")
    close()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().actor == "ada"


def test_a_name_cannot_forge_a_line_of_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        record("joined", actor="Eve\nINFO removed actor='ada'", meeting="m")
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]


def test_each_entry_is_bound_to_the_one_before(five: audit.Head) -> None:
    rows, head = audit.read(export())
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["previous"] == audit.FIRST
    assert head == audit.Head(5, rows[-1]["hash"])
    assert kinds(five) == []


def test_whoever_adds_an_entry_chooses_neither_its_time_nor_its_place() -> None:
    Entry.objects.create(action="joined", number=7, hash="f" * 64, sealed="f" * 64, previous="f" * 64, salt="s")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET sealed = '' WHERE false")
        cursor.execute(
            "INSERT INTO audit_entry (at, action, actor, meeting, details) VALUES ('2020-01-01', 'left', '', '', '{}')"
        )
    assert kinds() == []
    assert [entry.number for entry in Entry.objects.all()] == [1, 2]
    assert all(entry.at > timezone.now() - timedelta(minutes=5) for entry in Entry.objects.all())


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM audit_entry WHERE number = 3", ("deleted", 3)),
        ("DELETE FROM audit_entry WHERE number = 1", ("deleted", 1)),
        ("UPDATE audit_entry SET meeting = 'other' WHERE number = 3", ("altered", 3)),
        ("UPDATE audit_entry SET at = at - interval '1 s' WHERE number = 3", ("altered", 3)),
        ("UPDATE audit_entry SET who = 'other' WHERE number = 3", ("altered", 3)),
        ("UPDATE audit_entry SET details = details || '{\"part\": 1}' WHERE number = 3", ("altered", 3)),
        ("UPDATE audit_entry SET actor = 'Eve' WHERE number = 3", ("altered", 3)),
        ("UPDATE audit_entry SET actor = 'Eve', salt = '' WHERE number = 3", ("altered", 3)),
        ('UPDATE audit_entry SET details = details || \'{"address": "::1"}\' WHERE number = 3', ("altered", 3)),
        (
            """UPDATE audit_entry SET number = -number WHERE number IN (2, 3);
            UPDATE audit_entry SET number = 5 + number WHERE number < 0""",
            ("moved", 2),
        ),
        ("DELETE FROM audit_entry WHERE number = 5", ("cut", 5)),
        (
            """UPDATE audit_entry SET meeting = 'other' WHERE number = 3;
            UPDATE audit_entry e SET hash = audit_hash(e) WHERE number = 3""",
            ("rewritten", 4),
        ),
    ],
)
@pytest.mark.usefixtures("five")
def test_what_was_deleted_altered_moved_or_cut_off_is_found(statement: str, finding: tuple[str, int]) -> None:
    tamper(statement)
    assert kinds()[0] == finding


CUT = """DELETE FROM audit_entry WHERE number > 3;
UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_entry WHERE number = 3)"""


def test_an_end_that_was_cut_off_with_its_head_is_found_by_a_head_that_was_seen_before(five: audit.Head) -> None:
    tamper(CUT)
    assert kinds() == []
    assert kinds(five) == [("cut", 4)]


def test_entries_that_were_written_anew_are_found_by_a_head_that_was_seen_before(five: audit.Head) -> None:
    tamper(CUT)
    record("joined", meeting="m")
    record("joined", meeting="m")
    assert kinds() == []
    assert kinds(five) == [("rewritten", 5)]


def test_an_entry_that_no_chain_holds_is_found(five: audit.Head) -> None:
    tamper("INSERT INTO audit_entry (at, action, actor, meeting, details) VALUES (now(), 'left', '', '', '{}')")
    assert kinds(five) == [("outside", 0)]


def test_an_export_without_its_end_is_none(five: audit.Head) -> None:  # noqa: ARG001
    with pytest.raises(audit.ConclaveError, match="no whole export"):
        audit.read("\n".join(export().splitlines()[:-1]))


def test_a_pseudonym_is_one_for_an_account_and_one_for_a_guest_at_one_meeting() -> None:
    ada = user("ada")
    assert pseudonym(ada, "m") == pseudonym(ada, "n")
    assert pseudonym("Gus", "m") == pseudonym("Gus", "m") != pseudonym("Gus", "n")
    assert pseudonym(ada) != pseudonym("ada")
    assert pseudonym("") == ""


LONG_AGO = timezone.now() - timedelta(days=92)


def test_names_and_addresses_are_gone_when_their_time_is_over_and_the_chain_is_valid() -> None:
    written(LONG_AGO, "admitted", "Gus Guest", guest=True, address="203.0.113.5")
    written(LONG_AGO, "planned", "ada.account", address="203.0.113.6")
    written(timezone.now() - timedelta(days=89), "joined", "Nina New", address="203.0.113.7")
    head = audit.read(export())[1]
    call_command("portal_tidy")
    text = export()
    for gone in ("Gus", "ada.account", "203.0.113.5", "203.0.113.6"):
        assert gone not in text
    assert "Nina New" in text
    assert "203.0.113.7" in text
    assert kinds(head) == []
    assert [entry.who for entry in Entry.objects.all()] == ["w", "w", "w"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET actor = ''",
        "UPDATE audit_entry SET actor = 'Eve', details = details - 'address', salt = ''",
        "UPDATE audit_entry SET actor = '', details = details - 'address', salt = '', who = ''",
    ],
)
def test_nothing_else_is_erased_even_when_the_time_is_over(change: str) -> None:
    written(LONG_AGO, "admitted", "Gus", address="203.0.113.5")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_sites_policy_says_when_the_time_is_over() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_policy SET days = 200")
    written(LONG_AGO, "admitted", "Gus")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        call_command("portal_tidy")


def test_nobody_puts_a_policy_of_his_own_before_the_sites() -> None:
    """A temporary table comes first for whoever makes it, unless the trigger says where to look."""
    record("admitted", actor="Gus", meeting="m")
    close()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE audit_policy AS SELECT -1 AS days")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET actor = '', salt = ''")


@pytest.mark.usefixtures("valkey")
def test_people_who_no_longer_sign_in_are_forgotten() -> None:
    for name in ("gone", "organiser", "here"):
        Browser(user(name))
    User.objects.exclude(username="here").update(last_login=LONG_AGO)
    meeting(User.objects.get(username="organiser"))
    User.objects.create(subject="service", username="probe", is_service=True, last_login=LONG_AGO)
    call_command("portal_tidy")
    assert set(User.objects.values_list("username", flat=True)) == {"organiser", "here", "probe"}


@pytest.mark.django_db(transaction=True, available_apps=["accounts"])
def test_many_who_write_at_once_write_one_chain() -> None:
    """Four threads with connections of their own, as four processes have; some give up what they wrote."""
    wrong: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for number in range(10):
                with transaction.atomic():
                    record("joined", meeting=f"{thread}-{number}")
                    transaction.set_rollback(number == 5)
        except BaseException as error:  # noqa: BLE001 - told by the test
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    try:
        rows, head = audit.read(export())
    finally:
        with transaction.atomic():
            empty()
    assert not wrong
    assert head.number == 36
    assert audit.verify(rows, head) == []
