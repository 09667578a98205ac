"""The quality of records: each rule at its edge, nobody named, and the same whatever the order of rows."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from earlywarn.records.feeds import MOST_FEEDS
from earlywarn.records.quality import Quality, quality, read_before
from earlywarn.records.remarks import NOTE_LENGTH
from earlywarn.records.tables import Records
from tests.changes import empty_records
from tests.spec.test_words import offending
from tests.unit.records.test_reading import CANARY, concern, contact, person, sharing

if TYPE_CHECKING:
    from pathlib import Path

START = dt.date(2025, 1, 1)
Row = dict[str, str]


def day(number: int) -> str:
    return (START + dt.timedelta(days=number)).isoformat()


def contacts(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows))


def found(*rows: Row, **tables: list[Row]) -> Quality:
    records = Records.from_frames(contacts=contacts(*rows), **{n: pl.DataFrame(t) for n, t in tables.items()})
    assert records.refused == 0, records.quarantine
    return quality(records)


def on_days(feed: str, days: list[int], **changes: str) -> list[Row]:
    return [contact(f"{feed}{n}", source=feed, known_at=day(n), **changes) for n in days]


def said(of: Quality, topic: str) -> list[str]:
    return [r.said for r in of.remarks() if r.topic == topic]


# --- how full ----------------------------------------------------------------------------------------------------


def test_coverage_is_the_share_of_a_feeds_records_that_fill_a_field() -> None:
    of = found(
        contact("a1", source="a", occurred_at="2026-03-01", child_seen="true", outcome="advice"),
        contact("a2", source="a", occurred_at="2026-03-01", child_seen="", outcome=""),
        contact("a3", source="a", occurred_at="", child_seen="", outcome=""),
        contact("a4", source="a", occurred_at="2026-03-01", child_seen="", outcome=""),
        contact("b1", source="b", occurred_at="", child_seen="", outcome=""),
        concerns=[
            concern(concern_id="n1", record_id="a1", severity="2"),
            concern(concern_id="n2", record_id="a1", severity=""),
            concern(concern_id="n3", record_id="a2", severity="", closing="not_recordable"),
            concern(concern_id="n4", record_id="a2", severity="3", category="disability"),  # context: not counted
        ],
        sharing=[sharing(record_id="a1"), sharing(record_id="a1", to_agency="gp")],
        people=[person(record_id="b1")],
    )
    share = {(feed, field): s for feed, field, s in of.coverage.iter_rows()}
    expected = {"occurred_at": 3 / 4, "child_seen": 1 / 4, "outcome": 1 / 4, "attendance": 0, "concerns": 2 / 4}
    expected |= {"sharing": 1 / 4, "people": 0, "severity": 1 / 3, "closable": 2 / 3}
    assert {field: share["a", field] for field in expected} == pytest.approx(expected)
    assert (share["b", "people"], share["b", "occurred_at"], share["b", "severity"]) == (1, 0, None)


def test_the_delay_is_in_days_and_leaves_out_what_has_no_day_or_was_planned() -> None:
    late = [
        contact(f"r{n}", occurred_at=day(0), known_at=f"{day(n)}T23:00:00") for n in (0, 1, 2, 3, 40, 5, 6, 7, 8, 9, 10)
    ]
    year = contact("y", occurred_at=day(0), occurred_precision="year", known_at=day(300))
    ahead = contact("p", occurred_at=day(90), planned="true", known_at=day(1))
    line = found(*({"planned": ""} | row for row in (*late, year, ahead))).feeds.row(0, named=True)
    assert (line["delay_median"], line["delay_p90"]) == (6, 10)


def test_how_it_was_known_when_is_told_by_feed() -> None:
    of = found(contact("a"), contact("b"), contact("c"), contact("d", recorded_basis="extract"))
    assert of.basis.rows() == [("feed", "source", 0.75), ("feed", "extract", 0.25)]
    assert said(of, "times") == []
    of = found(contact("a"), contact("b", recorded_basis="extract"))
    assert said(of, "times") == [
        "feed: 50 % of the records are known from the extract alone: before its day, no view has them."
    ]
    of = found(contact("a", recorded_basis="later_event", source="census"), contact("b", source="other"))
    assert said(of, "times")[0].startswith("census: 100 % of the records are dated by a later event")
    of = found(contact("a", recorded_basis="extract", source="a"), contact("b", recorded_basis="extract", source="b"))
    assert said(of, "times")[0].startswith("2 sources: most of the records are known from the extract alone")


# --- feeds that stop ---------------------------------------------------------------------------------------------

WEEKLY = list(range(0, 71, 7))


@pytest.mark.parametrize(("newest", "stops"), [(70 + 28, False), (70 + 29, True)])
def test_a_feed_stops_after_28_days_of_silence_if_its_gaps_are_short(newest: int, *, stops: bool) -> None:
    of = found(*on_days("weekly", WEEKLY), *on_days("other", [0, newest]))
    weekly = of.feeds.filter(pl.col("feed") == "weekly").row(0, named=True)
    assert (weekly["usual_gap"], weekly["silent_days"], weekly["stopped"]) == (7, newest - 70, stops)


@pytest.mark.parametrize(("silent", "stops"), [(90, False), (91, True)])
def test_a_feed_stops_after_three_usual_gaps_if_they_are_long(silent: int, *, stops: bool) -> None:
    of = found(*on_days("monthly", [0, 30, 60, 90, 120]), *on_days("other", [120 + silent]))
    assert of.feeds.filter(pl.col("feed") == "monthly")["stopped"].to_list() == [stops]
    assert len(said(of, "feeds")) == stops


def test_a_stop_is_said_with_its_day_and_without_a_verdict() -> None:
    of = found(*on_days("weekly", WEEKLY), *on_days("b", [*WEEKLY, 120]), *on_days("c", [120]))
    words = (
        "weekly stops on 2025-03-12, 50 days before the newest record here; usually no more than 7 days pass between "
        "its days. Nothing after that does not mean that nothing happened."
    )
    assert said(of, "feeds") == [words]


def test_where_every_feed_but_one_stops_the_newest_day_is_asked_about() -> None:
    of = found(*on_days("a", WEEKLY), *on_days("b", WEEKLY), *on_days("c", [5000]))
    assert said(of, "feeds")[0].startswith("Every feed but c stops before the newest record.")
    assert len(said(of, "feeds")) == 3


def test_a_feed_of_four_days_has_no_usual_gap() -> None:
    assert not found(*on_days("a", [0, 1, 2, 3]), *on_days("b", [300])).feeds["stopped"].any()
    assert found(*on_days("a", [0, 1, 2, 3, 4]), *on_days("b", [300])).feeds["stopped"].any()


# --- loads -------------------------------------------------------------------------------------------------------


def load(records: int, delay: int, on: int = 200) -> list[Row]:
    return [contact(f"L{n}", source="a", occurred_at=day(on - delay), known_at=day(on)) for n in range(records)]


def usual(a_day: int, days: int = 20) -> list[Row]:
    return [
        contact(f"u{d}.{n}", source="a", occurred_at=day(d), known_at=day(d)) for d in range(days) for n in range(a_day)
    ]


@pytest.mark.parametrize(
    ("records", "delay", "a_day", "is_load"),
    [(50, 30, 5, True), (49, 30, 4, False), (50, 29, 5, False), (50, 30, 6, False), (60, 30, 6, True)],
)
def test_a_load_is_large_unusual_and_of_things_long_past(
    records: int, delay: int, a_day: int, *, is_load: bool
) -> None:
    of = found(*load(records, delay), *usual(a_day))
    assert of.loads.height == is_load
    if is_load:
        assert of.loads.rows() == [("a", START + dt.timedelta(days=200), records, a_day, delay)]
        assert f"a wrote {records} records on 2025-07-20 (usually {a_day} a day), half of them" in said(of, "loads")[0]


def test_a_feed_that_was_loaded_on_one_day_alone_is_a_load() -> None:
    of = found(*load(60, 100))
    assert of.loads.select("records", "usual", "delay_median").rows() == [(60, None, 100)]
    assert "(all it holds)" in said(of, "loads")[0]


def test_a_load_is_told_by_the_day_of_writing_where_there_is_one() -> None:
    written = [{**row, "recorded_at": day(200), "known_at": day(200 + n)} for n, row in enumerate(load(60, 30))]
    of = found(*written, *({**row, "recorded_at": ""} for row in usual(1)))
    assert of.loads["day"].to_list() == [START + dt.timedelta(days=200)]


@pytest.mark.parametrize("basis", ["extract", "later_event", "assumed_lag"])
def test_a_day_that_was_worked_out_makes_no_load(basis: str) -> None:
    assert found(*({**row, "recorded_basis": basis} for row in load(60, 100))).loads.is_empty()


# --- how far back ------------------------------------------------------------------------------------------------


def referral(number: int, **changes: str) -> Row:
    return contact(f"R{number}", kind="referral", held_by="social_care", known_at=day(number), **changes)


@pytest.mark.parametrize(
    ("days", "counts", "words"),
    [
        ([0, 364], (2, 2), "All its referrals to social care (2) fall within 365 days"),
        ([0, 364, 365], (3, 2), "2 of its 3 referrals to social care fall within 365 days"),
    ],
)
def test_early_referrals_are_told_in_words(days: list[int], counts: tuple[int, int], words: str) -> None:
    of = found(*map(referral, days))
    assert of.feeds.select("referrals", "referrals_first_year").row(0) == counts
    assert words in said(of, "past")[0]


def test_referrals_long_after_the_feed_begins_are_no_matter() -> None:
    assert said(found(contact("first", known_at=day(0)), referral(400)), "past") == []
    others = referral(3) | {"held_by": "police"}
    assert found(others).feeds["referrals"].to_list() == [0]


# --- ids on very many children -----------------------------------------------------------------------------------


def of_worker(worker: str, children: range) -> list[Row]:
    return [contact(f"{worker}-{c}", child_id=f"kid{c}", worker_id=worker) for c in children]


@pytest.mark.parametrize(("children", "hubs"), [(99, 0), (100, 1)])
def test_a_worker_on_a_hundred_children_is_a_hub_and_is_not_named(children: int, hubs: int) -> None:
    of = found(*of_worker("MAILBOX", range(children)), *of_worker("w2", range(3)))
    assert of.hubs.height == hubs
    if hubs:
        assert said(of, "ids") == [
            "feed: one worker id stands on the records of 100 children: a shared mailbox, or a team?"
        ]
    assert "MAILBOX" not in json.dumps(of.to_dict())


def test_where_all_workers_have_many_children_none_stands_out() -> None:
    rows = [*of_worker("w1", range(150)), *of_worker("w2", range(30)), *of_worker("w3", range(20))]
    assert found(*rows).hubs.is_empty()


def test_a_household_and_a_person_on_many_children_are_told() -> None:
    rows = [contact(f"r{c}", child_id=f"kid{c}") for c in range(30)]
    homes = [{"child_id": f"kid{c}", "household_id": "H", "record_id": f"r{c}"} for c in range(20)]
    people = [person(child_id=f"kid{c}", record_id=f"r{c}") for c in range(30)]
    of = found(*rows, households=homes, people=people)
    assert of.hubs.rows() == [("feed", "household", 1, 20), ("feed", "person", 1, 30)]


# --- children, rows, folders -------------------------------------------------------------------------------------


def test_children_without_any_day_of_birth_are_counted() -> None:
    of = found(
        *(contact(f"r{c}", child_id=c) for c in ("born", "unborn", "blank", "absent")),
        children=[
            {"child_id": "born", "birth_on": "2020-01-01", "expected_birth_on": ""},
            {"child_id": "unborn", "birth_on": "", "expected_birth_on": "2026-12-01"},
            {"child_id": "blank", "birth_on": "", "expected_birth_on": ""},
        ],
    )
    assert (of.children, of.children_without_birth) == (4, 2)
    assert said(of, "children")[0].startswith("2 children of 4 without a day of birth")


def test_concerns_under_a_local_code_are_told() -> None:
    of = found(contact(), concerns=[concern(category="zz_our_own"), concern(concern_id="n2")])
    assert said(of, "concerns") == ["1 concern under a local code (feed): shown, and counted nowhere."]


def test_refused_rows_are_told_by_feed() -> None:
    rows = [contact("1", source="a"), contact("2", source="b"), contact("3", source="b", kind="no kind")]
    records = Records.from_frames(contacts=contacts(*rows, contact("4", source="nobody's", agency="zz")))
    assert records.refused == 2
    assert quality(records).feeds.select("feed", "refused").sort("feed").rows() == [("a", 0), ("b", 1)]


@pytest.mark.parametrize("more", [0, 1])
def test_too_many_sources_are_told_by_holder(more: int) -> None:
    rows = [contact(f"r{n}", source=f"s{n}") for n in range(MOST_FEEDS + more)]
    of = found(*rows)
    assert of.told_apart_by == ("held_by" if more else "source")
    assert of.feeds.height == (1 if more else MOST_FEEDS)


ENTRY = {"source": "census.xml", "table": "Child", "read": 3, "accepted": 1, "quarantined": 1, "collapsed": 1}


def test_what_read_left_beside_the_tables_is_told(tmp_path: Path) -> None:
    assert read_before(tmp_path).account == ()
    path = tmp_path / "read.json"
    notes = ["left out: cases closed before", "a list: " + "column, " * 60, "third", "fourth", "fifth"]
    path.write_text(json.dumps({"account": [ENTRY], "notes": notes}))
    records = Records.from_frames(contacts=contacts(contact()))
    of = quality(records, tmp_path)
    assert of.to_dict()["before"] == {"account": [ENTRY], "notes": notes}
    first, second, third, more = said(of, "reading")
    assert (first, third, more) == (notes[0], "third", "2 more notes in read.json.")
    assert second.startswith("a list: column,")
    assert second.endswith("…")
    assert len(second) <= NOTE_LENGTH


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[]",
        {"account": [1], "notes": []},
        {"account": [ENTRY | {"read": 4}], "notes": []},
        {"account": [ENTRY | {"read": "3", "accepted": "3", "quarantined": "", "collapsed": ""}], "notes": []},
        {"account": [ENTRY]},
    ],
)
def test_a_broken_read_json_is_said_and_stops_nothing(tmp_path: Path, said: str | dict[str, object]) -> None:
    (tmp_path / "read.json").write_text(said if isinstance(said, str) else json.dumps(said))
    assert read_before(tmp_path) == ((), ("read.json beside the tables cannot be read: read the sources again",))


def test_no_records_have_no_quality_and_no_remarks() -> None:
    of = quality(empty_records())
    assert (of.children, of.feeds.height, of.remarks()) == (0, 0, [])
    json.dumps(of.to_dict(), allow_nan=False)


def test_no_id_is_told(example: Records) -> None:
    of = found(
        *(contact(f"r{n}", child_id=f"{CANARY}{n}", worker_id=f"W{CANARY}") for n in range(120)),
        identifiers=[{"child_id": f"{CANARY}{n}", "scheme": "nhs_number", "value": f"V{CANARY}"} for n in range(2)],
    )
    assert of.hubs.height == 1
    assert of.conflicts.height == 1
    assert CANARY not in json.dumps(of.to_dict(), allow_nan=False)
    ids = set(
        example.frames["contacts"]
        .select(pl.col("child_id", "record_id", "worker_id").drop_nulls().unique().implode())
        .row(0)[0]
    )
    told = json.dumps(quality(example).to_dict())
    assert not [i for i in ids if f'"{i}"' in told]


def test_the_order_of_rows_does_not_matter(example: Records) -> None:
    mixed = Records({n: f.sample(fraction=1, shuffle=True, seed=4) for n, f in example.frames.items()})
    assert quality(mixed).to_dict() == quality(example).to_dict()


def test_the_words_are_those_we_use() -> None:
    of = found(
        *on_days("weekly", WEEKLY),
        *load(60, 100, on=300),
        *of_worker("w", range(120)),
        referral(0),
        contact("x", recorded_basis="extract", source="x"),
        concerns=[concern(category="zz_our_own", record_id="weekly0")],
        identifiers=[{"child_id": f"kid{n}", "scheme": "upn", "value": "V"} for n in range(2)],
    )
    topics = {r.topic for r in of.remarks()}
    assert topics == {"feeds", "loads", "times", "past", "ids", "children", "concerns"}
    assert offending(" ".join(r.said for r in of.remarks())) == []
