"""Fragmentation: in how many hands the picture lies. These describe services, never the family or a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.features.catalogue import sharing
from earlywarn.features.feature import SERVICES, Coverage, Feature, Sentence
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365

AGENCIES = Feature(
    name="agencies_365d",
    over="agency_days",
    where=None,
    value=pl.col("agency").n_unique(),
    window=YEAR,
    empty=0,
    needs=(),
    unit="agencies",
    direction=0,
    sentence=Sentence(
        none="No agency's records show a contact with the family in the last year.",
        one="1 agency had contact with the family in the last year.",
        many="{n} agencies had contact with the family in the last year.",
        missing="How many agencies were in contact: the records do not say.",
    ),
    source="Laming (2003): known to many agencies, and none held the picture",
    about=SERVICES,
    carried_by=("record_ids",),
    definition="Distinct agencies among the contacts within 365 days.",
)

AGENCY_CHURN = Feature(
    name="agency_churn_365d",
    over="contact_days",
    where=None,
    value=pl.when(pl.len() >= 2).then(pl.col("apart").sum() / (pl.len() - 1)),
    window=YEAR,
    empty=None,
    needs=(),
    unit="share of steps",
    direction=0,
    sentence=Sentence(
        none="From one contact to the next in the last year, the same agency was always there.",
        one="Once in the last year ({part} of {of}), the next contact was with other agencies altogether.",
        many="{part} of {of} times in the last year, the next contact was with other agencies altogether.",
        missing="Whether the same agencies kept contact: there are too few contacts in the records to say.",
    ),
    source="Laming (2003); national reviews since: each contact began again with someone new",
    of=pl.len() - 1,
    about=SERVICES,
    carried_by=("record_ids",),
    part=pl.col("apart") | pl.col("apart").shift(1).over("row"),  # a step is two days: its records are both days'
    definition="Over consecutive contact days within 365 days, the share of steps whose two days have no agency in "
    "common; null under two days.",
)

_recent = pl.col("days_ago") <= YEAR

WORKER_CHURN = Feature(
    name="worker_churn_365d",
    over="records",
    where=(pl.col("kind") == "involvement_start")
    & (pl.col("held_by") == LEAD_AGENCY)
    & pl.col("worker_id").is_not_null(),
    value=pl.col("worker_id").filter(_recent).n_unique() - (~(~_recent).any()).cast(pl.Int32),
    window=None,
    empty=None,
    needs=("contacts.worker_id",),
    unit="changes of worker",
    direction=1,
    sentence=Sentence(
        none="The allocated worker did not change in the last year.",
        one="The allocated worker changed once in the last year. This describes the service, not the family.",
        many="The allocated worker changed {n} times in the last year. This describes the service, not the family.",
        missing="Whether the allocated worker changed: the records do not say.",
    ),
    source="Children's Commissioner, Stability Index: about one child in care in four had several changes in a year",
    about=SERVICES,
    definition="Distinct workers in involvement_start records held by social care within 365 days, less one if there "
    "is none before; null if the view has none at all.",
)


def _most_known(known_to: pl.Series) -> pl.Series:
    """Find, for lists of bits, the largest share of them in which one bit is set."""
    sizes = known_to.list.len().cast(pl.Int64).to_numpy()
    if not len(sizes):
        return pl.Series([], dtype=pl.Float64)
    bits = known_to.explode().cast(pl.Int64).to_numpy()
    begins = np.cumsum(sizes) - sizes
    most = np.zeros(len(sizes), np.int64)
    for i in range(len(ORGANISATIONS)):
        np.maximum(most, np.add.reduceat((bits >> i) & 1, begins), out=most)
    return pl.Series(most / sizes)


LARGEST_SINGLE_VIEW = Feature(
    name="largest_single_view",
    over="strands",
    where=(pl.col("viewer") == POOLED) & (pl.col("strands") >= 2) & (pl.col("holders") > 1),
    value=pl.col("known_to").implode(),
    finish=_most_known,
    window=None,
    empty=None,
    needs=("concerns",),
    unit="share of concerns",
    direction=-1,
    sentence=Sentence(
        none="No single agency's records show any of the {of} concerns.",
        one="No single agency's records show more than 1 of the {of} concerns.",
        many="The agency that knows most knows {part} of the {of} concerns.",
        missing="How much of the picture any one agency holds: there are too few concerns, or one agency's records "
        "alone, to say.",
    ),
    source="Child Safeguarding Practice Review Panel (2022): each professional held one piece",
    of=pl.len(),
    about=SERVICES,
    carried_by=("record_ids",),
    definition="The largest share of the strands of concern that any one organisation knows a row of; null under two "
    "strands, where one organisation holds all the child's records, and for viewers other than pooled.",
)

CORE = (AGENCIES, AGENCY_CHURN, WORKER_CHURN, LARGEST_SINGLE_VIEW)


_period = pl.min_horizontal(pl.col("case_days_ago"), YEAR)
_newly = pl.min_horizontal(pl.col("beyond_days_ago"), _period) - pl.col("until_days_ago")
_case_open = pl.col("case_days_ago").is_not_null()

UNALLOCATED = Feature(
    name="unallocated_share",
    over="allocations",
    where=_case_open,
    value=1 - _newly.clip(0).sum() / _period.first(),
    window=None,
    empty=None,
    needs=("contacts.worker_id",),
    unit="share of days",
    direction=1,
    sentence=Sentence(
        none="A worker is recorded as allocated on each of the {of} days counted of the open case.",
        one="On 1 of the {of} days counted of the open case no worker is recorded as allocated. This describes the "
        "service, not the family.",
        many="On {part} of the {of} days counted of the open case no worker is recorded as allocated. This describes "
        "the service, not the family.",
        missing="Whether a worker was allocated while the case was open: the records do not say.",
    ),
    source="Children's Commissioner, Stability Index (2019): changes of social worker",
    of=_period.first(),
    about=SERVICES,
    arises=_case_open,
    carried_by=("record_id", "ending_ids", "case_record_id"),
    definition="Of the days since the earliest case open on the day started, at most 365: the share on which no worker "
    "is allocated, from an involvement_start that social care holds to the first involvement_end of that worker; null "
    "where no case is open, or social care holds no start that names a worker.",
)


def _turnover(days: int) -> Feature:
    bit = pl.lit(1, pl.Int64) * 2 ** pl.col("agency").cast(pl.Int64)
    recent = pl.col("days_ago") <= days
    now, before = bit.filter(recent).bitwise_or(), bit.filter(~recent).bitwise_or()
    either = (now | before).bitwise_count_ones()  # null where one of the two is empty
    return Feature(
        name="agency_turnover_90d",
        over="agency_days",
        where=None,
        value=1 - (now & before).bitwise_count_ones() / either,
        window=2 * days,
        empty=None,
        needs=(),
        unit="share of agencies",
        direction=0,
        sentence=Sentence(
            none=f"The agencies in contact in the last {days} days are those of the {days} days before: {{of}} in all.",
            one=f"1 of {{of}} agencies was in contact in only one of the last two spans of {days} days.",
            many=f"{{part}} of {{of}} agencies were in contact in only one of the last two spans of {days} days.",
            missing=f"Whether the same agencies kept contact: one of the last two spans of {days} days shows none.",
        ),
        source="Laming (2003): known to many agencies, and none held the picture",
        of=either,
        about=SERVICES,
        carried_by=("record_ids",),
        part=~(recent.any() & (~recent).any()).over("row", "agency"),
        definition=f"Of the agencies with a contact within {2 * days} days, the share with one in only one of the "
        f"spans 1 to {days} and {days + 1} to {2 * days} days ago; null where one of the spans has none.",
    )


def _handover_gap(overlap: int) -> Feature:
    handed_over = pl.col("started_days_ago") <= pl.col("days_ago") + overlap
    return Feature(
        name="handover_gap_days",
        over="handovers",
        where=handed_over,
        value=pl.col("gap_days").max(),
        window=YEAR,
        empty=None,
        needs=("contacts.worker_id", "contacts.child_seen"),
        unit="days",
        direction=1,
        sentence=Sentence(
            none="When the worker changed in the last year, a new worker is recorded as seeing the child the same day.",
            one="When the worker changed, it took 1 day until a new worker is recorded as seeing the child. This "
            "describes the service, not the family.",
            many="When the worker changed, {span} went by in which no new worker is recorded as seeing the child. This "
            "describes the service, not the family.",
            missing="How soon a new worker saw the child: the records do not say.",
        ),
        source="Children's Commissioner, Stability Index (2019): changes of social worker",
        about=SERVICES,
        arises=(handed_over & (pl.col("days_ago") <= YEAR)).any(),
        carried_by=("record_id", "seen_ids", "waiting_id"),
        sets=pl.col("gap_days") == pl.col("gap_days").max(),
        definition="For each involvement_end held by social care within 365 days with an involvement_start of another "
        f"worker from {overlap} days before it on: days to the first day on which social care records that another "
        "worker saw the child, or to the as-of day. The greatest; null if there is none.",
    )


def _partial_strategy(least_told: float) -> Feature:
    return Feature(
        name="partial_strategy_365d",
        over="strategy_discussions",
        where=pl.col("attended") & ~pl.col("all_three"),
        value=pl.len(),
        window=YEAR,
        empty=0,
        needs=("facts:attendee",),
        unit="strategy discussions",
        direction=1,
        sentence=Sentence(
            none="No strategy discussion of the last year is recorded without social care, police or health.",
            one="1 strategy discussion of the last year is recorded without social care, police or health.",
            many="{n} strategy discussions of the last year are recorded without social care, police or health.",
            missing="Who took part in strategy discussions: the records do not say.",
        ),
        source="Child Safeguarding Practice Review Panel (2022): the multi-agency process not begun at key moments",
        about=SERVICES,
        coverage=Coverage(pl.lit(value=True), pl.col("attended"), least_told),
        definition="Strategy discussions within 365 days that say which agencies attended, and not one each of social "
        f"care, police and health; null where fewer than {least_told:.0%} of them say who attended.",
    )


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family beyond the core."""
    return (
        *sharing.features(settings),
        UNALLOCATED,
        _turnover(settings.turnover_days),
        _handover_gap(settings.handover_overlap_days),
        _partial_strategy(settings.least_told),
    )
