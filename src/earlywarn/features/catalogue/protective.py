"""Protective: what went well, so that the picture is not of concerns alone. These never raise a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Feature, Sentence
from earlywarn.features.frames.timescales import HELD_BY_LEAD
from earlywarn.records.codes import MISSED

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365
SEEN_DAYS = 180
RECOVERED_DAYS = 90
ACKNOWLEDGED_DAYS = 90
LEAST = 2
"""Fewer visits, or fewer missed appointments, than these say nothing."""

_days_ago = pl.col("days_ago")


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family."""
    return _same_worker_seen(settings), _concluded_and_quiet(settings), ATTENDANCE_RECOVERED, PLAN_ACKNOWLEDGED


_of_worker = HELD_BY_LEAD & pl.col("worker_id").is_not_null()
_start = (pl.col("kind") == "involvement_start") & _of_worker
_end = (pl.col("kind") == "involvement_end") & _of_worker
_visit = (
    HELD_BY_LEAD
    & (_days_ago <= SEEN_DAYS)
    & pl.col("child_seen").is_not_null()
    & (pl.col("mode").is_null() | (pl.col("mode") == "in_person"))
    & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
)
_since = _days_ago.filter(_start).min()
_newest = _start & (_days_ago == _since)
_ended = _end & (_days_ago <= _since) & (pl.col("worker_id") == pl.col("worker_id").filter(_newest).first())


def _same_worker_seen(settings: Settings) -> Feature:
    stayed = settings.same_worker_days
    alone = pl.col("worker_id").filter(_newest).n_unique() == 1
    holds = alone & (_since >= stayed) & ~_ended.any() & pl.col("child_seen").filter(_visit).all()
    return Feature(
        name="same_worker_seen",
        over="records",
        where=_start | _end | _visit,
        value=pl.when(_start.any() & (_visit.sum() >= LEAST)).then(holds.cast(pl.Int8)),
        window=None,
        empty=None,
        needs=("contacts.worker_id", "contacts.child_seen"),
        unit=f"1 if the same worker for {stayed} days and the child seen at every visit",
        direction=-1,
        sentence=Sentence(
            none=f"The records do not show one worker for {stayed} days with the child seen at every visit.",
            one=f"The same worker has been allocated for at least {stayed} days, and the child was seen at every "
            f"visit of the last {stayed} days that says so.",
            many=f"The same worker has been allocated for at least {stayed} days, and the child was seen at every "
            f"visit of the last {stayed} days that says so.",
            missing="Whether one worker stayed and saw the child: the records do not say.",
        ),
        source="Children's Commissioner for England, stability index (2019): about 1 child in 4 in care had several "
        "changes of social worker in a year",
        about=SERVICES,
        sets=_newest | _ended | _visit,
        definition=f"1 if the worker who began last at social care began alone, at least {stayed} days ago, and has "
        f"not ended, and social care's records within {SEEN_DAYS} days, in person and attended or not said, that tell "
        f"it all say that the child was seen; else 0. Null if no worker began, or under {LEAST} such records.",
    )


def _concluded_and_quiet(settings: Settings) -> Feature:
    quiet = settings.quiet_days
    told = pl.col("unresolved_strands")
    return Feature(
        name="concluded_and_quiet",
        over="strands",
        where=(pl.col("concluded_days_ago") >= quiet) & pl.col("next_raised_days_ago").is_null(),
        value=pl.when(told.first().is_not_null()).then(pl.len()),
        window=None,
        empty=pl.when(told.is_not_null()).then(0),
        needs=("concerns.closing",),
        unit="concerns",
        direction=-1,
        sentence=Sentence(
            none=f"No concern was concluded at least {quiet} days ago and not raised again.",
            one=f"1 concern was concluded at least {quiet} days ago and has not been raised again.",
            many=f"{{n}} concerns were concluded at least {quiet} days ago and have not been raised again.",
            missing="Whether concluded concerns stayed quiet: the records cannot say.",
        ),
        source="Munro (2011): show what was done, not only what was not",
        carried_by=("record_ids", "closing_ids"),
        definition=f"Strands of concern closed at least {quiet} days ago, with none of their category after them; null "
        "if there are strands and none can be closed.",
    )


_missed = pl.col("attendance").is_in(MISSED)
_before = _missed & (_days_ago > RECOVERED_DAYS)
_lately = (_days_ago <= RECOVERED_DAYS) & (_missed | (pl.col("attendance") == "attended"))

ATTENDANCE_RECOVERED = Feature(
    name="attendance_recovered",
    over="records",
    where=_before | _lately,
    value=pl.when((_before.sum() >= LEAST) & (_lately.sum() >= LEAST)).then((~(_lately & _missed).any()).cast(pl.Int8)),
    window=YEAR,
    empty=None,
    needs=("contacts.attendance",),
    unit="1 if none was missed of late",
    direction=-1,
    sentence=Sentence(
        none="Visits or appointments were missed earlier in the last year, and again in the last 90 days.",
        one="Visits or appointments were missed earlier in the last year, and none in the last 90 days.",
        many="Visits or appointments were missed earlier in the last year, and none in the last 90 days.",
        missing="Whether visits and appointments now take place: there are too few that say so.",
    ),
    source="Was Not Brought practice guidance: the pattern and its context matter, not one appointment",
    arises=(_before & (_days_ago <= YEAR)).sum() >= LEAST,
    definition=f"Where at least {LEAST} records {RECOVERED_DAYS + 1} to {YEAR} days ago say not brought or no access, "
    f"and at least {LEAST} within {RECOVERED_DAYS} days say attended or not: 1 if all of these were attended, else 0.",
)

PLAN_ACKNOWLEDGED = Feature(
    name="plan_acknowledged_share",
    over="plan_agencies",
    where=None,
    value=pl.col("acknowledged").mean(),
    window=None,
    empty=None,
    needs=("facts:acknowledged_by",),
    unit="share of agencies",
    direction=-1,
    sentence=Sentence(
        none="Of {of} other agencies in contact none is recorded as having acknowledged the latest plan or review.",
        one="1 of {of} other agencies in contact is recorded as having acknowledged the latest plan or review.",
        many="{part} of {of} other agencies in contact are recorded as having acknowledged the latest plan or review.",
        missing="Which agencies acknowledged the latest plan or review: the records do not say.",
    ),
    source="Child Safeguarding Practice Review Panel (2022): each professional held one piece",
    of=pl.len(),
    part=pl.col("acknowledged"),
    about=SERVICES,
    arises=pl.len() > 0,
    carried_by=("record_ids", "plan_ids", "acknowledged_ids"),
    definition=f"Of the agencies in contact within {ACKNOWLEDGED_DAYS} days other than social care, the share that the "
    "records of the latest day with a plan's start, review or conference held by social care, or conclusions of them, "
    "state as having acknowledged; null if there is no such day or agency.",
)
