"""Places on real hosts, where no lab prepares anything."""

from __future__ import annotations

from conclave.verify import places


def test_without_a_lab_the_control_node_does_not_pass_for_a_user() -> None:
    assert places.users(None).name == "mgmt"


def test_a_command_at_a_place_answers_with_its_status_and_both_streams() -> None:
    answer = places.Vantage("mgmt", ()).run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin="in")
    assert (answer.status, answer.out, answer.err) == (3, "in", "err")
