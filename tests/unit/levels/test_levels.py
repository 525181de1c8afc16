"""Security levels: one table, on scales that a site may climb and never descend."""

from __future__ import annotations

import itertools
import json

import pytest

from conclave.levels import NOT_KEPT, SCHEMA, Rules, Table, in_force, looser, mistakes, scale, shipped


def test_no_rule_becomes_looser_from_one_level_to_the_next() -> None:
    levels = shipped().levels
    for below, above in itertools.pairwise(levels):
        for rule in Rules.model_fields:
            assert not looser(rule, getattr(above, rule), getattr(below, rule)), f"{above.name}.{rule}"


def test_the_default_is_standard_and_can_be_planned() -> None:
    assert (shipped().default, shipped().default_level.missing) == ("standard", [])


@pytest.mark.parametrize("rule", Rules.model_fields)
def test_every_value_of_a_rule_is_some_levels_or_a_step_on_the_way(rule: str) -> None:
    used = {getattr(level, rule) for level in shipped().levels}
    assert used <= set(scale(rule))
    assert scale(rule)[0] == getattr(shipped().levels[0], rule)


def test_the_schema_beside_the_table_is_current() -> None:
    """Editors and other programs read it: `python tests/unit/levels/test_levels.py` writes it anew."""
    assert json.loads(SCHEMA.read_text()) == Table.model_json_schema()


def test_a_site_tightens_a_rule_and_chooses_the_default() -> None:
    table = in_force({"standard": {"recording": "never"}, "default": "internal"})
    assert table.default == "internal"
    standard = table.level("standard")
    assert standard is not None
    assert (standard.recording, standard.guests) == ("never", "link_and_pin")
    assert shipped().level("standard") != standard


def test_every_step_towards_looser_is_refused_with_the_rules_name() -> None:
    for level in shipped().levels:
        for rule in Rules.model_fields:
            for value in scale(rule):
                if looser(rule, value, getattr(level, rule)):
                    [(where, expected)] = mistakes({level.name: {rule: value}})
                    assert where == (level.name, rule)
                    assert f"the rule {rule}" in expected
                    with pytest.raises(ValueError, match=rule):
                        in_force({level.name: {rule: value}})


def test_a_default_that_was_tightened_out_of_reach_is_refused() -> None:
    rule, value = next(iter(sorted(NOT_KEPT)))
    [(where, expected)] = mistakes({"standard": {rule: value}})
    assert where == ("default",)
    assert rule in expected


def test_a_meeting_may_only_move_to_a_level_that_is_tighter_in_every_rule() -> None:
    table = in_force({"open": {"telephone": "never"}})
    assert shipped().tighter("internal", "standard")
    assert not shipped().tighter("open", "standard")
    assert not table.tighter("standard", "open")


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(Table.model_json_schema(), indent=2) + "\n")
