"""Which feature can be told from which source: what a mapping can carry, what records carry, and the engine's word."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from earlywarn.features.carried import (
    BY_HAND,
    TOGETHER,
    carried_by_feed,
    carried_by_format,
    carried_by_mapping,
    formats,
    may_be_blank,
)
from earlywarn.features.catalogue import CORE, catalogue
from earlywarn.features.engine import build_features
from earlywarn.features.feature import Feature, Sentence
from earlywarn.features.frames import FRAMES
from earlywarn.features.needed import BESIDE, BESIDES, BY_FRAME, DECLARED, MAPPED, NO, PARTLY, YES, needs_of
from earlywarn.features.needs import NEEDS_SCHEMA, OWN_MAPPING, answer, needs_markdown, needs_table
from earlywarn.records.mapping.declared import mappings, parse
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources import extract
from earlywarn.records.sources.formats import FORMATS
from earlywarn.records.tables import Records
from tests.changes import empty_records, with_rows
from tests.spec.test_words import offending

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cin"
BY_NAME = {f.name: f for f in CORE}
DAY = "2026-11-01"


def answers(table: pl.DataFrame, source: str) -> dict[str, str]:
    return dict(table.filter(pl.col("source") == source).select("feature", "answer").iter_rows())


def changed(records: Records, table: str, *columns: pl.Expr) -> Records:
    return Records({**records.frames, table: records.frames[table].with_columns(*columns)})


# --- what a mapping can carry ------------------------------------------------------------------------------------

MAPPING = """
[source]
name = "own"
children = "record_number"
held_by = "police"

[tables.visits]
files = ["visits"]
child = "CHILD"
key = ["ID"]
[tables.visits.columns]
ID = { holds = "id", required = true }
CHILD = { holds = "id", required = true }
DAY = { holds = "day" }
UNTIL = { holds = "day" }
MOTHER = { holds = "id" }
SEEN = { holds = "yes_no" }
WHAT = { holds = "what" }
WHY = { holds = "worry" }
[[tables.visits.records]]
as = "seen"
kind = "@WHAT"
child_seen = "@SEEN"
occurred = "@DAY"
known = "@DAY"
basis = "unknown"
concerns = [{ category = "@WHY", closing = "not_recordable" }]
people = [{ person = "@MOTHER", role = "mother", valid_to = "@UNTIL" }]
[[tables.visits.records]]
as = "sent"
kind = "referral"
held_by = "social_care"
known = "@DAY"
basis = "unknown"
concerns = [{ category = "disability", closing = "recorded" }]

[tables.log]
files = ["log"]
key = ["VISIT", "TO"]
[tables.log.columns]
VISIT = { holds = "id", required = true }
TO = { holds = "agency", required = true }
AT = { holds = "day", required = true }
HOLDER = { holds = "holder" }
[tables.log.refers]
VISIT = "visits"
[[tables.log.records]]
as = "again"
kind = "@VISIT.WHAT"
held_by = ["@HOLDER", "gp"]
known = "@AT"
basis = "unknown"
[[tables.log.shares]]
of = "VISIT"
record = "seen"
to = "@TO"
at = "@AT"
decision = "shared"
extent = "full"
basis = "@HOLDER"

[codes.what]
[codes.what.means]
V = "visit"
"-" = ""
[codes.what.written]
screening = ["S", "Scr"]
[codes.holder]
[codes.holder.means]
H = "hospital"
[codes.worry]
extends = "need"
"""


def mapped(text: str) -> frozenset[str]:
    return carried_by_mapping(parse(tomllib.loads(text), "mapping.toml"))


@pytest.fixture(scope="module")
def carried() -> frozenset[str]:
    return mapped(MAPPING)


def test_a_mapping_carries_what_some_record_of_it_sets(carried: frozenset[str]) -> None:
    assert {"contacts.child_seen", "contacts.occurred_at", "people.valid_to", "sharing", "sharing.basis"} <= carried
    assert not {"contacts.attendance", "contacts.worker_id", "households", "concerns.severity", "episodes"} & carried


def test_codes_say_which_kinds_occur_and_who_holds_them(carried: frozenset[str]) -> None:
    assert {"contacts.kind=visit@police", "contacts.kind=screening@police"} <= carried
    assert "contacts.kind=referral@social_care" in carried
    assert "contacts.kind=referral@police" not in carried
    assert not {"contacts.kind=incident", "contacts.kind=visit@social_care", "contacts.kind=visit@school"} & carried
    assert {"contacts.kind=visit@gp", "contacts.kind=visit@hospital"} <= carried, (
        "a column's codes, and the last resort"
    )
    assert {"several holders", "people@others"} <= carried


def test_a_concern_counts_where_some_category_does_and_closes_where_it_can(carried: frozenset[str]) -> None:
    assert "concerns@police" in carried, "the shared list of needs has categories that are counted"
    assert "concerns@social_care" not in carried, "disability alone is context"
    assert "concerns.closing" not in carried
    assert "concerns.closing@police" in mapped(MAPPING.replace('"not_recordable"', '"recorded"'))


def test_the_census_carries_what_was_said_by_hand() -> None:
    read = extract(FIXTURES / "every_node.xml", "cin").frames
    records = Records({n: f for n, f in read.items() if n in RECORD_TABLES})
    assert carried_by_feed(records, together=True)[TOGETHER] == BY_HAND["cin"]


def test_every_format_is_told_of() -> None:
    ready = {"cin", *(name for name, f in FORMATS.items() if f.mapping in mappings())}
    assert set(formats()) == ready
    assert all("contacts" in carried_by_format(name) for name in formats())
    assert list(dict.fromkeys(needs_table()["source"])) == [*formats(), OWN_MAPPING]
    assert OWN_MAPPING in FORMATS


# --- what features need ------------------------------------------------------------------------------------------


def test_every_core_feature_asks_for_something() -> None:
    assert [f.name for f in CORE if not needs_of(f)] == []
    assert [f.name for f in catalogue() if not needs_of(f)] == []
    assert set(BESIDES) <= {f.name for f in catalogue()}
    assert set(BY_FRAME) <= set(FRAMES)
    assert all(answer(f, frozenset())[0] == NO for f in catalogue())


def test_every_need_of_the_catalogue_has_words_of_its_own() -> None:
    made = {need for f in catalogue() for need in f.needs if need not in DECLARED}
    assert made <= {"facts:injured_at", "facts:missing_hours"}, "for these the words of the code list read well"
    assert set(DECLARED) <= {need for f in catalogue() for need in f.needs}


def test_a_feature_of_ones_own_is_judged_by_what_it_declares() -> None:
    say = Sentence("None.", "1.", "{n}.", "Not known.")
    own = [
        Feature("restricted", "records", None, pl.len(), 365, 0, (need,), "records", 0, say, "our own")
        for need in ("contacts.handling", "facts.key", "facts", "concerns.closing")
    ]
    table = needs_table(features=own).filter(pl.col("source") == "cin")
    assert table["answer"].to_list() == [NO, YES, YES, NO]
    assert table["why"][0] == "no record fills contacts.handling"
    assert table["question"].unique().to_list() == ["restricted"], "a sentence without a colon names no question"


def test_facts_holders_and_any_of_several_are_put_into_words() -> None:
    own = {
        need: replace(BY_NAME["contacts_30d"], name="own", over="records", needs=(need,))
        for need in ("facts:screening", "contacts@gp", "people|facts:attendee", "concerns|contacts@court")
    }
    said = {need: answer(feature, frozenset()) for need, feature in own.items()}
    assert said["facts:screening"] == (NO, "no record states which screening")
    assert said["contacts@gp"] == (BESIDE, "no records are held by gp")
    named, discussed = DECLARED["people"].lacking, DECLARED["facts:attendee"].lacking
    assert said["people|facts:attendee"] == (NO, f"{named}, and {discussed}")
    assert answer(own["people|facts:attendee"], frozenset({"facts:attendee"})) == (YES, "")
    assert answer(own["concerns|contacts@court"], frozenset({"contacts@court"})) == (YES, "")


def test_a_mapping_and_a_feed_carry_the_keys_of_their_facts(example: Records) -> None:
    stating = MAPPING.replace("people = [", 'facts = { team = "@WHAT", screening = "" }\npeople = [')
    assert {"facts", "facts:team", "facts:team@police"} <= mapped(stating)
    assert "facts:screening" not in mapped(stating)
    assert "facts:attendance_code" in carried_by_format("school_census")
    one = example.frames["contacts"].row(0, named=True)
    told = with_rows(example, facts=[{"record_id": one["record_id"], "key": "authority", "value": "a"}])
    assert f"facts:authority@{one['held_by']}" in carried_by_feed(told, together=True)[TOGETHER]


def test_the_first_reason_is_the_plainest() -> None:
    adults = BY_NAME["unknown_adults"]
    assert answer(adults, frozenset({"contacts"})) == (NO, "no record names the people in a child's life")
    assert answer(adults, frozenset({"people", "people@social_care"}))[0] == BESIDE
    assert answer(adults, frozenset({"people", "people@social_care", "people@others"})) == (YES, "")


# --- records: the answer is the engine's ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without(example: Records) -> dict[str, Records]:
    """The example without one thing each."""
    nobody = pl.lit(None, pl.String)
    contacts = {c: pl.lit(None, RECORD_TABLES["contacts"][c].dtype).alias(c) for c in may_be_blank("contacts")}
    held = example.frames["contacts"]["held_by"] == "social_care"
    lead = example.frames["contacts"].filter(held)["record_id"].implode()
    people, nothing_shared = example.frames["people"], example.frames["sharing"].clear()
    others = people.filter(~pl.col("record_id").is_in(lead))
    return {
        **{c: changed(example, "contacts", contacts[c]) for c in ("worker_id", "child_seen", "attendance", "outcome")},
        "planned": changed(example, "contacts", contacts["planned"]),
        "closing": changed(example, "concerns", pl.lit("not_recordable").alias("closing"), nobody.alias("closed_by")),
        "severity": changed(example, "concerns", pl.lit(None, pl.Int64).alias("severity")),
        "concerns": Records({**example.frames, "concerns": example.frames["concerns"].clear()}),
        "people": Records({**example.frames, "people": people.clear()}),
        "lead's people": Records({**example.frames, "people": others}),
        "lead's people, told or not": Records({**example.frames, "people": others, "sharing": nothing_shared}),
        "referrals": changed(example, "contacts", pl.col("kind").replace("referral", "other")),
        "allocations": changed(example, "contacts", pl.col("kind").replace("involvement_start", "other")),
        "dealings": changed(example, "contacts", pl.lit("other").alias("kind")),
        "others": changed(example, "contacts", pl.lit("social_care").alias("held_by")),
    }


NULL_WITHOUT = {
    "worker_id": {"worker_churn_365d"},
    "child_seen": {"days_since_seen", "unseen_share_90d"},
    "attendance": {"missed_365d", "missed_share_365d"},
    "closing": {"unresolved_concerns", "unresolved_oldest_days", "unresolved_severity", "concluded_365d"},
    "people": {"unknown_adults"},
    "lead's people, told or not": {"unknown_adults"},
    "referrals": {"rereferral_12m"},
    "allocations": {"worker_churn_365d"},
}
"""Without it the engine's value is null for everyone, and the answer is no."""

ONLY_ZERO_OR_NULL_WITHOUT = {
    "severity": {"unresolved_severity"},
    "outcome": {"closed_no_action_365d"},
    "others": {"largest_single_view", "unknown_adults"},
    "concerns": {"concern_recurrence", "largest_single_view"},
    "dealings": {"contacts_30d", "contacts_90d", "contacts_365d", "agencies_365d", "agency_churn_365d"},
}
"""Without it nobody's value is other than none, which says nothing: the answer is no."""


@pytest.mark.parametrize("gone", [*NULL_WITHOUT, *ONLY_ZERO_OR_NULL_WITHOUT])
def test_no_is_said_where_the_engine_can_count_nothing(
    example: Records, without: dict[str, Records], gone: str
) -> None:
    whole = build_features(example, DAY).values
    values = build_features(without[gone], DAY).values
    told = answers(needs_table(without[gone]), TOGETHER)
    for name in NULL_WITHOUT.get(gone, set()):
        assert (values[name].null_count(), told[name]) == (values.height, NO), name
    for name in ONLY_ZERO_OR_NULL_WITHOUT.get(gone, set()):
        assert (values[name].fill_null(0).sum(), told[name]) == (0, NO), name
    for name in (n for n, said in told.items() if said == YES):
        assert values[name].null_count() < values.height, name
    assert {n for n in told if whole[n].null_count() == whole.height} == set()


@pytest.mark.parametrize(("gone", "name"), [("planned", "unplanned_contacts_90d"), ("lead's people", "unknown_adults")])
def test_in_part_is_said_where_the_engine_counts_and_the_value_says_less(
    without: dict[str, Records], gone: str, name: str
) -> None:
    told = answers(needs_table(without[gone]), TOGETHER)
    assert [n for n, said in told.items() if said != YES] == [name]
    assert told[name] == PARTLY
    assert build_features(without[gone], DAY).values[name].sum() > 0


def test_from_the_example_everything_is_told_together_and_little_by_one_agency(example: Records) -> None:
    table = needs_table(example)
    assert table.schema == NEEDS_SCHEMA
    assert set(answers(table, TOGETHER).values()) == {YES}
    police = answers(table, "synthetic police feed")
    assert (police["worker_churn_365d"], police["largest_single_view"]) == (NO, BESIDE)
    assert (police["days_since_seen"], police["missed_365d"]) == (YES, NO)


def test_a_source_of_several_agencies_is_compared_within_itself(example: Records) -> None:
    one = changed(example, "contacts", pl.lit("warehouse").alias("source"))
    assert answers(needs_table(one), "warehouse") == answers(needs_table(example), TOGETHER)


def test_context_is_no_concern_that_is_counted(example: Records) -> None:
    context = changed(example, "concerns", pl.lit("disability").alias("category"))
    assert answers(needs_table(context), TOGETHER)["concern_recurrence"] == NO


def test_no_records_answer_nothing_but_no() -> None:
    table = needs_table(empty_records())
    assert (table["source"].unique().to_list(), table["answer"].unique().to_list()) == ([TOGETHER], [NO])


def test_the_order_of_rows_does_not_matter(example: Records) -> None:
    mixed = Records({n: f.sample(fraction=1, shuffle=True, seed=4) for n, f in example.frames.items()})
    assert needs_table(mixed).equals(needs_table(example))


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_markdown_has_a_cell_for_every_feature_and_format_and_a_reason_for_every_no() -> None:
    table, text = needs_table(features=catalogue()), needs_markdown()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [f.name for f in catalogue()]
    assert {row.count("|") for row in rows} == {len(formats()) + 3}
    assert text.count(MAPPED) == len(catalogue())
    for number, why in enumerate((w for w in dict.fromkeys(table["why"]) if w), start=1):
        assert f"\n{number}. {why[0].upper()}{why[1:]}.\n" in text
        assert f"({number})" in text


def test_the_words_are_those_we_use() -> None:
    said = {need.lacking for f in catalogue() for need in needs_of(f)} | {
        n.lacking for ns in BY_FRAME.values() for n in ns
    }
    assert offending(" ".join(said)) == []
