"""Which breakers every run of the tests proves: some of each area, and those that no other test has seen red.

Those of a round leave each other's checks alone, so that a round takes no longer than one breaker.
"""

from __future__ import annotations

ROUNDS = (
    (
        "a_service_without_a_sandbox",
        "a_key_of_a_stranger",
        "the_sfu_does_not_start_at_boot",
        "a_second_privileged_role",
        "a_table_of_somebody_else",
    ),
    (
        "a_drop_in_takes_a_little_away",
        "a_second_root",
        "a_unit_has_failed",
        "a_key_file_is_open_to_all",
        "a_host_forwards_packets",
    ),
    ("a_running_service_is_masked", "an_account_that_reads_keys_and_becomes_root", "a_rule_added_by_hand"),
    (
        "a_setting_of_the_sfu_is_edited",
        "the_web_client_is_edited_with_its_checksum",
        "the_database_takes_plain_connections",
    ),
    (
        "every_way_back_is_allowed",
        "the_page_may_load_scripts_from_elsewhere",
        "the_administration_of_keycloak_is_public",
    ),
)
