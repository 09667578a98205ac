"""Good practice never raises the starting score; worse news never lowers it.

The property is about an act done within the last four weeks, added to records in which the question it touches can
already be told; a second report is of a concern that stands open and counts, and brings no new grade. Elsewhere the
definitions themselves allow a rise. docs/decisions/0006 names the five cases, and `test_the_limits` shows each, so that
nobody discovers them by surprise.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from earlywarn.datasets.synthetic import make_cohort
from earlywarn.features.engine import build_features
from earlywarn.records.codes import COUNTED_CONCERNS
from earlywarn.records.reading import records_from_frames
from earlywarn.scoring.card import StartingCard
from tests.changes import with_rows

DAY = dt.date(2026, 11, 1)
MIDNIGHT = dt.datetime.combine(DAY, dt.time(0))
SEEDS = [1, 2, 3]


@pytest.fixture(scope="module", params=SEEDS)
def cohort(request):
    return make_cohort(150, seed=request.param).records


def scores(records):
    return StartingCard().score(build_features(records, DAY)).select("child_id", "score")


def rises(before, after) -> list[tuple]:
    joined = scores(before).join(scores(after), on="child_id", suffix="_after")
    return joined.filter(pl.col("score_after") > pl.col("score")).rows()


def known(records) -> pl.DataFrame:
    return records.frames["contacts"].filter(pl.col("known_at") < MIDNIGHT)


def act(child: str, number: int, kind: str, days_ago: int, agency: str = "social_care", **more) -> dict:
    when = MIDNIGHT - dt.timedelta(days=days_ago) + dt.timedelta(hours=10)
    fixed = dict(about="child", occurred_precision="instant", recorded_basis="source", source="test", source_row="1")
    said = dict(record_id=f"new{number}", child_id=child, agency=agency, held_by=agency, kind=kind)
    return fixed | said | dict(occurred_at=when, known_at=when) | more


def to_every_child(records, **act_options) -> list[dict]:
    return [act(child, n, **act_options) for n, child in enumerate(known(records)["child_id"].unique().sort())]


@pytest.mark.parametrize("days_ago", [1, 7, 28])
@pytest.mark.parametrize("agency", ["social_care", "health_visiting", "police"])
def test_a_planned_visit_at_which_the_child_is_seen(cohort, agency, days_ago):
    seen = dict(planned=True, attendance="attended", child_seen=True, mode="in_person")
    visits = to_every_child(cohort, kind="visit", days_ago=days_ago, agency=agency, **seen)
    assert rises(cohort, with_rows(cohort, contacts=visits)) == []


def test_a_visit_that_makes_a_share_tellable_adds_nothing():
    """One record of a child not seen, or two missed appointments, are too few to tell; with the visit they are not."""
    unseen = act("c", 0, "visit", 50, mode="in_person", child_seen=False)
    missed = [act("c", n, "appointment", 100 + n, "hospital", attendance="was_not_brought") for n in (1, 2)]
    seen = act("c", 3, "visit", 2, mode="in_person", planned=True, attendance="attended", child_seen=True)
    for rows, share in (([unseen], "unseen_share_90d"), (missed, "missed_share_365d")):
        before, after = with_rows(_nobody(), contacts=rows), with_rows(_nobody(), contacts=[*rows, seen])
        told = [build_features(records, DAY).to_polars()[share][0] for records in (before, after)]
        assert told[0] is None
        assert told[1] is not None
        assert rises(before, after) == []


@pytest.mark.parametrize("kind", ["information_check", "conference", "review"])
@pytest.mark.parametrize("agency", ["social_care", "school"])
def test_a_check_a_conference_or_a_review(cohort, kind, agency):
    assert rises(cohort, with_rows(cohort, contacts=to_every_child(cohort, kind=kind, days_ago=3, agency=agency))) == []


def test_a_conclusion_to_every_concern(cohort):
    """Closing, one child after the other, the concerns that stand open."""
    concerns = cohort.frames["concerns"].join(known(cohort).select("record_id"), on="record_id")
    open_now = concerns.filter(pl.col("closed_by").is_null() & (pl.col("closing") == "recorded"))
    for keep in (open_now.filter(pl.int_range(pl.len()) % 2 == 0), open_now):
        pairs = keep.select("concern_id", "record_id", "child_id").rows()
        closings = [
            act(child, n, "conclusion", 2, follows=record, outcome="closed")
            for n, (_, record, child) in enumerate(pairs)
        ]
        by = {concern: f"new{n}" for n, (concern, _, _) in enumerate(pairs)}
        closed_by = pl.col("concern_id").replace_strict(by, default=pl.col("closed_by"), return_dtype=pl.String)
        frames = dict(cohort.frames) | {"concerns": cohort.frames["concerns"].with_columns(closed_by=closed_by)}
        after = with_rows(
            records_from_frames(frames | {"contacts": with_rows(cohort, contacts=closings).frames["contacts"]})
        )
        assert after.refused == 0
        assert rises(cohort, after) == []


def test_telling_another_agency(cohort):
    """Every record of a child told to everybody, where social care already knows somebody in the child's life."""
    told_of = known(cohort).join(_children_whose_people_social_care_knows(cohort), on="child_id")
    for agency in ("social_care", "police", "gp", "school"):
        rows = [
            dict(
                record_id=r,
                to_agency=agency,
                shared_at=MIDNIGHT - dt.timedelta(hours=1),
                decision="shared",
                extent="full",
            )
            for r in told_of["record_id"]
        ]
        assert rises(cohort, with_rows(cohort, sharing=rows)) == []


def _children_whose_people_social_care_knows(records) -> pl.DataFrame:
    own = build_features(records, DAY, viewers="social_care")
    named = own.frames["people"].filter(pl.col("viewer") == "social_care")
    return named.join(own.values.select("row", "child_id"), on="row").select("child_id").unique()


@pytest.mark.parametrize("later", [0, 14, 28])
def test_a_second_agency_reporting_the_same_concern(cohort, later):
    """Within 28 days of the last report, about a concern that stands open."""
    table = build_features(cohort, DAY)
    standing = table.frames["strands"].filter(~pl.col("closed")).select("strand")
    rows = table.frames["concerns"].join(standing, on="strand", how="semi")
    last = rows.sort("days_ago").group_by("row", "category", maintain_order=True).first()
    last = last.filter(pl.col("days_ago") > later).join(table.values.select("row", "child_id"), on="row")
    contacts, concerns = [], []
    for n, r in enumerate(last.iter_rows(named=True)):
        contacts.append(act(r["child_id"], n, "contact", r["days_ago"] - later, "housing"))
        said = dict(concern_id=f"newc{n}", child_id=r["child_id"], record_id=f"new{n}", category=r["category"])
        concerns.append(said | dict(closing=r["closing"]))
    assert contacts
    assert rises(cohort, with_rows(cohort, contacts=contacts, concerns=concerns)) == []


def test_one_more_concern_never_lowers_the_score(cohort):
    """A concern of every kind, a month ago, that nobody concluded."""
    contacts = to_every_child(cohort, kind="incident", days_ago=30, agency="police")
    for category in (COUNTED_CONCERNS[0], "domestic_abuse"):
        concerns = [
            dict(concern_id=f"newc{n}", child_id=c["child_id"], record_id=c["record_id"], category=category)
            | dict(closing="recorded", severity=3)
            for n, c in enumerate(contacts)
        ]
        bare = with_rows(cohort, contacts=contacts)
        more = with_rows(bare, concerns=concerns)
        lowered = (
            scores(bare)
            .join(scores(more), on="child_id", suffix="_after")
            .filter(pl.col("score_after") < pl.col("score"))
        )
        told = build_features(bare, DAY).to_polars().filter(pl.col("largest_single_view").is_not_null())["child_id"]
        assert lowered.filter(~pl.col("child_id").is_in(told.implode())).is_empty()


def test_context_moves_no_score(cohort):
    contacts = to_every_child(cohort, kind="assessment", days_ago=5)
    for category in ("disability", "low_income", "young_carer", "a local code nobody has classed"):
        concerns = [
            dict(
                concern_id=f"newc{n}",
                child_id=c["child_id"],
                record_id=c["record_id"],
                category=category,
                closing="recorded",
            )
            for n, c in enumerate(contacts)
        ]
        bare = with_rows(cohort, contacts=contacts)
        assert scores(bare).equals(scores(with_rows(bare, concerns=concerns)))


def scored(*contacts, **more) -> int:
    return scores(with_rows(_nobody(), contacts=list(contacts), **more))["score"][0]


def test_the_limits_of_what_becomes_tellable():
    """An old visit makes "days since seen" tellable; a first person told of makes the others tellable."""
    alone = act("c", 0, "incident", 400, "police")
    visit = act("c", 1, "visit", 200, "gp", planned=True, attendance="attended", child_seen=True)
    assert (scored(alone), scored(alone, visit)) == (0, 2)

    adults = [dict(child_id="c", person_id=p, role="partner", record_id=r) for p, r in (("p1", "new0"), ("p2", "new2"))]
    met = (alone, act("c", 2, "incident", 30, "police"))
    told = dict(record_id="new0", to_agency="social_care", shared_at=MIDNIGHT - dt.timedelta(days=1))
    told |= dict(decision="shared", extent="full")
    assert (scored(*met, people=adults), scored(*met, people=adults, sharing=[told])) == (0, 1)


def test_the_limits_of_a_second_report():
    """After the conclusion; of a concern that no longer counts; with a grade nobody had given."""
    second = dict(concern_id="k1", child_id="c", record_id="new1", category="neglect", closing="recorded")

    def raised(**more) -> dict:
        return second | dict(concern_id="k0", record_id="new0") | more

    first, later = act("c", 0, "incident", 60, "police"), act("c", 1, "contact", 40, "gp")
    end = act("c", 2, "conclusion", 50, "police", follows="new0")
    closed = raised(closed_by="new2")
    assert scored(first, end, concerns=[closed]) < scored(first, end, later, concerns=[closed, second])

    old, near = act("c", 0, "incident", 731, "police"), act("c", 1, "contact", 710, "gp")
    assert scored(old, concerns=[raised()]) < scored(old, near, concerns=[raised(), second])

    graded = second | dict(severity=3)
    assert scored(first, later, concerns=[raised(), second]) < scored(first, later, concerns=[raised(), graded])


def _nobody():
    from tests.changes import empty_records

    return empty_records()
