"""Household: who is in the child's life, and who knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.catalogue.concerns import CAN_CLOSE, CARRIED, NONE_UNRESOLVED
from earlywarn.features.feature import Feature, Sentence
from earlywarn.features.frames.household import MEETINGS
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import CONCERNS

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

UNKNOWN_ADULTS = Feature(
    name="unknown_adults",
    over="people",
    where=(pl.col("viewer") == POOLED)
    & pl.col("lead_knows_any")
    & pl.col("adult")
    & ~pl.col("ended")
    & ~pl.col("known_to_lead"),
    value=pl.col("person_id").n_unique(),
    window=None,
    empty=pl.when((pl.col("viewer") == POOLED) & pl.col("lead_knows_any")).then(0),
    needs=("people",),
    unit="adults",
    direction=1,
    sentence=Sentence(
        none="No adult appears in other agencies' records and not in the social care records we were given.",
        one="1 adult appears in other agencies' records and not in the social care records we were given.",
        many="{n} adults appear in other agencies' records and not in the social care records we were given.",
        missing="Whether other agencies know adults whom social care does not: the records do not say.",
    ),
    source="Haringey, second serious case review (2010): an adult named on one record, asked about by nobody",
    definition="People with an adult role, not ended before the day, known to the view but not to social care; null if "
    "social care knows no person of this child, and for viewers other than pooled.",
)

CORE = (UNKNOWN_ADULTS,)

CARERS = ("mother", "father", "parent", "step_parent", "partner", "carer")
"""Roles of those who bring a child up, or live with one who does."""

_PARENTAL = [code for code, concern in CONCERNS.items() if concern.group == "parental"]


def _never_engaged(below: int) -> Feature:
    infant = pl.col("age_months") < below
    return Feature(
        name="carer_never_engaged",
        over="people",
        where=infant & pl.col("role").is_in(CARERS) & ~pl.col("ended"),
        value=pl.col("person_id").filter(~pl.col("met")).n_unique(),
        window=None,
        empty=None,
        needs=("people",),
        unit="people",
        direction=0,
        sentence=Sentence(
            none="Every parent or carer named in the records is named in a record of a visit or meeting.",
            one="1 parent or carer named in the records is named in no record of a visit or meeting.",
            many="{n} parents or carers named in the records are named in no record of a visit or meeting.",
            missing="Whether every parent or carer was met: the records name none.",
        ),
        source="Child Safeguarding Practice Review Panel (2021), on men and babies: fathers not met by services",
        arises=infant,
        sets=~pl.col("met"),
        definition=f"Of a child born and under {below} months: people who are {_in_words(CARERS)}, not ended before "
        f"the day, whom no contact of kind {_in_words(MEETINGS)} names; null if the view names none.",
    )


def _in_words(codes: tuple[str, ...]) -> str:
    return f"{', '.join(codes[:-1])} or {codes[-1]}"


def _linked_history(within: int) -> Feature:
    had_history = pl.col("history_days_ago") <= within
    said = f"{within / 365.25:.2g} years"
    return Feature(
        name="linked_child_history",
        over="linked_children",
        where=None,
        value=pl.col("other_id").filter(had_history).n_unique(),
        window=None,
        empty=None,
        needs=("households",),
        unit="children",
        direction=0,
        sentence=Sentence(
            none="No other child of the household had a section 47 enquiry, a protection plan or care in the last "
            f"{said}.",
            one="1 other child of the household had a section 47 enquiry, a protection plan or care in the last "
            f"{said}. This says nothing of this child.",
            many="{n} other children of the household had a section 47 enquiry, a protection plan or care in the "
            f"last {said}. This says nothing of this child.",
            missing="Whether other children of the household were known to social care: the records name no household.",
        ),
        source="Associated Press (2017), on a tool withdrawn in Illinois: brothers and sisters were not linked",
        carried_by=("record_id", "other_record_id", "history_id"),
        sets=had_history.fill_null(value=False),
        definition="Other children in a household of this child, both begun and not ended before the day and said by "
        f"records that are not shielded, with a strategy_enquiry within {within} days, or a protection plan or care "
        "that started within them; null if no such record names a household of this child.",
    )


ADULT_FACTORS = Feature(
    name="adult_factors",
    over="strands",
    where=pl.col("unresolved") & pl.col("category").is_in(_PARENTAL),
    value=pl.col("category").n_unique(),
    window=None,
    empty=NONE_UNRESOLVED,
    needs=CAN_CLOSE,
    unit="kinds of concern",
    direction=1,
    sentence=Sentence(
        none="No concern about the adults or the home stands without a recorded conclusion.",
        one="Concerns of 1 kind about the adults or the home have no recorded conclusion.",
        many="Concerns of {n} kinds about the adults or the home have no recorded conclusion.",
        missing="Whether concerns about the adults or the home were concluded: the records cannot say.",
    ),
    source="Child Safeguarding Practice Review Panel (2021): domestic abuse in 42.6 %, a parent's mental health in "
    "27.3 % of the incidents of 2020 that were not fatal",
    carried_by=CARRIED,
    definition="Distinct categories of class parental among the unresolved strands of concern; null if there are "
    "strands and none can be closed.",
)


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family beyond the core."""
    return (_never_engaged(settings.infant_below_months), _linked_history(settings.linked_years_days), ADULT_FACTORS)
