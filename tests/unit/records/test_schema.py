"""The contract as the design states it: tables, columns, which may be empty, keys, and references that can be kept."""

from __future__ import annotations

import polars as pl
import pytest

from earlywarn.records import codes
from earlywarn.records.rules import RULES
from earlywarn.records.schema import AUDIT_TABLES, DTYPES, RECORD_TABLES, TABLES

CONTRACT = {
    "contacts": "record_id child_id agency held_by org_id? kind about mode? planned? attendance? child_seen? "
    "seen_alone? occurred_at? occurred_precision recorded_at? recorded_basis known_at worker_id? place_id? episode_id? "
    "follows? outcome? handling? source source_row",
    "concerns": "concern_id child_id record_id category code? severity? closing closed_by?",
    "sharing": "record_id to_agency shared_at decision extent basis? told_family?",
    "people": "child_id person_id role record_id valid_from? valid_to?",
    "households": "child_id household_id record_id valid_from? valid_to?",
    "episodes": "episode_id child_id kind category? started_by start_on ended_by? end_on?",
    "facts": "record_id key value",
    "children": "child_id birth_on? expected_birth_on? death_on?",
    "links": "child_id same_as known_at method weight? probability? subject?",
    "identifiers": "child_id scheme value valid_from? valid_to?",
}
"""§2 of the design; ``?`` marks what may be empty."""

COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]


def test_the_tables_are_those_of_the_design() -> None:
    stated = {name: " ".join(c.name + "?" * c.nullable for c in t.columns) for name, t in RECORD_TABLES.items()}
    assert stated == CONTRACT
    assert set(AUDIT_TABLES) == {"outcomes", "attributes"}


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda part: part.name)
def test_every_column_says_what_it_is(table, column) -> None:
    assert column.meaning
    assert table[column.name] is column
    assert column.dtype == DTYPES[column.type] == table.schema[column.name]
    assert column.unit == "local time" or column.type != "timestamp"
    assert column.type == "text" or not (column.codes or column.names_record or column.name.endswith("_id"))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_keys_are_columns_that_may_not_be_empty_and_an_empty_table_is_typed(table) -> None:
    assert all(not table[name].nullable for name in table.key)
    assert table.empty().schema == table.schema
    assert table.empty().is_empty()


def test_times_are_local_to_the_microsecond() -> None:
    assert DTYPES["timestamp"] == pl.Datetime("us", time_zone=None)


def test_only_concerns_may_be_called_by_local_names() -> None:
    open_lists = {(table.name, column.name) for table, column in COLUMNS if column.open_codes}
    assert open_lists == {("concerns", "category"), ("episodes", "category")}


def test_only_organisations_hold_records_and_are_told() -> None:
    assert set(RECORD_TABLES["contacts"]["held_by"].codes or ()) == set(codes.ORGANISATIONS)
    assert set(RECORD_TABLES["sharing"]["to_agency"].codes or ()) == set(codes.ORGANISATIONS)
    assert set(RECORD_TABLES["contacts"]["agency"].codes or ()) == set(codes.AGENCIES)
    assert not {"family", "public", "child_self", "anonymous", "unknown"} & set(codes.ORGANISATIONS)


@pytest.mark.parametrize(("rule_id", "rule"), RULES.items(), ids=RULES)
def test_every_rule_states_the_problem_and_the_fix(rule_id, rule) -> None:
    assert rule_id.startswith("EW-R")
    assert rule.problem
    assert rule.fix
    assert not rule.problem.endswith(".")
    assert not rule.fix.endswith(".")
