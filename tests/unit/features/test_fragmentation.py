"""Fragmentation and sharing: which records are behind a value, what settings change, and how it is said."""

from __future__ import annotations

import datetime as dt

import pytest

from earlywarn.features.catalogue import fragmentation
from earlywarn.features.engine import build_features
from earlywarn.features.settings import Settings
from tests.changes import empty_records, with_rows, without_records

DAY = dt.date(2026, 11, 1)


def ago(days: float) -> dt.datetime:
    return dt.datetime(2026, 11, 1, 12) - dt.timedelta(days=days)


def record(name: str, agency: str, days: float, kind: str = "contact", **cells) -> dict:
    row = dict(record_id=name, child_id="c", agency=agency, held_by=agency, kind=kind, about="child", source="t")
    row |= dict(occurred_at=ago(days), known_at=ago(days), occurred_precision="instant", recorded_basis="source")
    return row | dict(source_row=name) | cells


def concern(name: str, category: str = "neglect") -> dict:
    return dict(concern_id=f"{name}-{category}", child_id="c", record_id=name, category=category, closing="recorded")


def told(name: str, to: str, days: float, decision: str = "shared", extent: str = "full") -> dict:
    return dict(record_id=name, to_agency=to, shared_at=ago(days), decision=decision, extent=extent)


def case(start: int) -> dict:
    start_on = DAY - dt.timedelta(days=start)
    return dict(episode_id="e", child_id="c", kind="child_in_need", started_by="case", start_on=start_on)


def table_of(settings: Settings | None = None, viewers: str = "pooled", **rows):
    records = with_rows(empty_records(), **rows)
    return build_features(records, DAY, viewers=viewers, features=fragmentation.features(settings or Settings()))


def value(table, name: str):
    return table.values[name][0]


def said(table, name: str) -> str:
    of = table.parts[f"{name}__of"][0] if f"{name}__of" in table.parts.columns else None
    return table.feature(name).sentence.say(value(table, name), of)


CONCERNED = dict(
    contacts=[
        record("g", "gp", 30),
        record("s", "school", 40),
        record("p", "police", 50),
        record("l", "social_care", 9),
    ],
    concerns=[concern("g"), concern("s"), concern("p"), concern("g", "domestic_abuse")],
    sharing=[told("g", "school", 20), told("p", "social_care", 49), told("s", "gp", 400)],
)


def test_pairs_of_agencies_with_concerns_and_the_one_that_told():
    table = table_of(**CONCERNED)
    assert value(table, "pair_coverage_365d") == pytest.approx(1 / 3)
    assert said(table, "pair_coverage_365d").endswith("one is recorded as telling the other: 1 of 3.")
    assert table.evidence("c", "pair_coverage_365d", part="numerator") == ["g", "s"]
    assert table.evidence("c", "pair_coverage_365d") == ["g", "p", "s"]


def test_concerns_that_did_not_reach_social_care():
    table = table_of(**CONCERNED)
    assert value(table, "unshared_concerns_365d") == 3  # two of the GP's record, one of the school's
    assert table.evidence("c", "unshared_concerns_365d") == ["g", "s"]
    assert value(table, "unshared_oldest_days") == 40
    assert table.evidence("c", "unshared_oldest_days") == ["s"]


def test_what_is_withheld_or_told_late_or_still_new():
    """Withheld on purpose is left out; told on the eighth day counts, but is not what social care does not know."""
    rows = dict(
        contacts=[
            record("w", "gp", 30),
            record("t", "school", 40),
            record("n", "police", 5),
            record("l", "social_care", 9),
        ],
        concerns=[concern("w"), concern("t"), concern("n")],
        sharing=[told("w", "social_care", 29, "withheld"), told("t", "social_care", 32)],
    )
    table = table_of(**rows)
    assert value(table, "unshared_concerns_365d") == 1
    assert table.evidence("c", "unshared_concerns_365d") == ["t"]
    assert value(table, "unshared_oldest_days") is None
    assert not table.parts["unshared_oldest_days__arises"][0]
    wider = table_of(Settings(share_within_days=8), **rows)
    assert value(wider, "unshared_concerns_365d") == 0
    assert "within 8 days" in said(wider, "unshared_concerns_365d")
    assert "8 days" in wider.feature("unshared_concerns_365d").definition


def test_a_correction_that_social_care_knows_stands_for_the_record():
    corrected = record("k", "gp", 30, follows="g", known_at=ago(28))
    rows = {**CONCERNED, "contacts": [*CONCERNED["contacts"], corrected]}
    rows["sharing"] = [told("k", "social_care", 26)]
    assert table_of(**rows).evidence("c", "unshared_concerns_365d") == ["p", "s"]


def test_nobody_can_say_what_reached_social_care_without_a_record_of_its():
    rows = {**CONCERNED, "contacts": CONCERNED["contacts"][:3], "sharing": []}
    assert value(table_of(**rows), "unshared_concerns_365d") is None


def test_one_agency_alone_is_not_asked_of_pairs():
    table = table_of(viewers="gp", **CONCERNED)
    pooled_alone = ("pair_coverage_365d", "unshared_concerns_365d", "unshared_oldest_days")
    assert {value(table, name) for name in pooled_alone} == {None}


def test_how_soon_agencies_told_one_another():
    contacts = [record(f"r{n}", "gp", 30 + n) for n in range(3)]
    sharing = [told(f"r{n}", "school", 30 + n - lag) for n, lag in enumerate((0.5, 2, 4))]
    existence = told("r2", "police", 1, extent="existence")
    table = table_of(contacts=contacts, sharing=[*sharing, existence])
    assert value(table, "sharing_lag_median_days") == 2
    assert value(table, "sharing_lag_p90_days") == pytest.approx(3.6)
    assert "Half of what agencies told one another in the last year was told within about 2 days" in said(
        table, "sharing_lag_median_days"
    )
    assert table.evidence("c", "sharing_lag_median_days") == ["r0", "r1", "r2"]
    assert (
        value(table_of(Settings(least_lags=4), contacts=contacts, sharing=sharing), "sharing_lag_median_days") is None
    )


def test_how_soon_records_were_written_and_where_too_few_say():
    written = [record(f"r{n}", "gp", 30, recorded_at=ago(30 - n)) for n in range(3)]
    silent = [record(f"s{n}", "gp", 20) for n in range(4)]
    assert value(table_of(contacts=written), "recording_lag_median_days") == 1
    assert value(table_of(contacts=[*written, *silent[:3]]), "recording_lag_p90_days") == pytest.approx(1.8)
    assert value(table_of(contacts=[*written, *silent]), "recording_lag_p90_days") is None
    lenient = Settings(least_told=0.4)
    assert value(table_of(lenient, contacts=[*written, *silent]), "recording_lag_median_days") == 1


def allocation(name: str, worker: str, days: int, end: int | None = None) -> list[dict]:
    start = record(name, "social_care", days, "involvement_start", worker_id=worker)
    over = [] if end is None else [record(f"{name}-end", "social_care", end, "involvement_end", worker_id=worker)]
    return [start, *over]


def test_days_without_an_allocated_worker():
    """Of 100 days of the case: allocated from 90 to 60 days ago, by two who overlap, and from 20 days ago on."""
    opening = record("case", "social_care", 100, "plan_start")
    workers = [*allocation("a", "w1", 90, 70), *allocation("b", "w2", 80, 60), *allocation("d", "w1", 20)]
    table = table_of(contacts=[opening, *workers], episodes=[case(100)])
    assert value(table, "unallocated_share") == pytest.approx(0.5)
    assert said(table, "unallocated_share").startswith("On 50 of the 100 days counted of the open case")
    assert table.evidence("c", "unallocated_share") == ["a", "a-end", "b", "b-end", "case", "d"]
    assert not table_of(contacts=workers).parts["unallocated_share__arises"][0]


def test_agencies_that_came_and_went():
    rows = dict(
        contacts=[record("g", "gp", 30), record("h", "gp", 120), record("s", "school", 130), record("p", "police", 9)]
    )
    table = table_of(**rows)
    assert value(table, "agency_turnover_90d") == pytest.approx(2 / 3)
    assert (
        said(table, "agency_turnover_90d")
        == "2 of 3 agencies were in contact in only one of the last two spans of 90 days."
    )
    assert table.evidence("c", "agency_turnover_90d", part="numerator") == ["p", "s"]
    assert value(table_of(Settings(turnover_days=20), **rows), "agency_turnover_90d") == 1.0


def test_a_handover_and_when_the_next_worker_saw_the_child():
    """The one who left saw the child once more; the next one 12 days after the end."""
    workers = [*allocation("a", "w1", 200, 60), *allocation("b", "w2", 80)]
    visits = [
        record(f"v{days}", "social_care", days, "visit", worker_id=worker, child_seen=True)
        for days, worker in ((58, "w1"), (48, "w2"), (10, "w2"))
    ]
    table = table_of(contacts=[*workers, *visits])
    assert value(table, "handover_gap_days") == 12
    assert table.evidence("c", "handover_gap_days") == ["a-end", "v48"]
    unseen = table_of(contacts=[*workers, visits[0]])
    assert value(unseen, "handover_gap_days") == 60
    assert unseen.evidence("c", "handover_gap_days") == ["a-end", "b"]
    close = table_of(Settings(handover_overlap_days=14), contacts=[*workers, *visits])
    assert value(close, "handover_gap_days") is None
    assert not close.parts["handover_gap_days__arises"][0]


def test_strategy_discussions_without_one_of_the_three():
    discussions = [record(name, "social_care", 30, "strategy_discussion") for name in ("full", "part", "mute")]
    attended = [("full", "social_care"), ("full", "police"), ("full", "gp"), ("part", "police"), ("mute", "somebody")]
    facts = [dict(record_id=name, key="attendee", value=code) for name, code in attended]
    table = table_of(contacts=discussions, facts=facts)
    assert value(table, "partial_strategy_365d") == 1
    assert table.evidence("c", "partial_strategy_365d") == ["part"]
    assert value(table_of(Settings(least_told=0.7), contacts=discussions, facts=facts), "partial_strategy_365d") is None


@pytest.mark.parametrize("name", ["pair_coverage_365d", "unshared_concerns_365d", "unshared_oldest_days"])
def test_without_the_records_behind_it_a_value_falls(name):
    table = table_of(**CONCERNED)
    gone = set(table.evidence("c", name))
    rest = without_records(with_rows(empty_records(), **CONCERNED), gone)
    after = build_features(rest, DAY, features=table.features).values[name][0]
    assert after is None or after < value(table, name)
