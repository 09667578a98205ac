"""What was agreed, what was said by the family's side, and what came of it. A part of concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Coverage, Feature, Sentence
from earlywarn.records.codes import ENDED_WITHOUT_ACTION

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

ACTIONS = "Haringey, second serious case review (2010): a meeting that had been agreed was held seven weeks late"
ONE_BY_ONE = "Child Safeguarding Practice Review Panel (2023): one incident judged at a time, the history unread"

DUE = ("facts:action_due",)
ACTION_DAYS = 730
TWO_YEARS = 730
FAMILY_VOICES = ("family", "public", "child_self")

_days_ago = pl.col("days_ago")
_overdue = ~pl.col("done")
_recently_due = _days_ago <= ACTION_DAYS

OVERDUE_ACTIONS = Feature(
    name="overdue_actions",
    over="actions",
    where=_overdue,
    value=pl.len(),
    window=ACTION_DAYS,
    empty=0,
    needs=DUE,
    unit="actions",
    direction=1,
    sentence=Sentence(
        none="No agreed action is past its day without being recorded as done.",
        one="1 agreed action is past its day and not recorded as done.",
        many="{n} agreed actions are past their day and not recorded as done.",
        missing="Whether agreed actions were done in time: the records do not say.",
    ),
    source=ACTIONS,
    about=SERVICES,
    definition=f"Actions due within {ACTION_DAYS} days before the day and not done; as many actions of a record, "
    "those due first, are done as it and its conclusions state days before the day on which one was done.",
)


OVERDUE_SHARE = Feature(
    name="overdue_action_share",
    over="actions",
    where=None,
    value=_overdue.mean(),
    window=ACTION_DAYS,
    empty=None,
    needs=DUE,
    unit="share of actions",
    direction=1,
    sentence=Sentence(
        none="Of {of} agreed actions that were due, all are recorded as done.",
        one="Of {of} agreed actions that were due, 1 is not recorded as done.",
        many="Of {of} agreed actions that were due, {part} are not recorded as done.",
        missing="What share of agreed actions were done: the records do not say.",
    ),
    source=ACTIONS,
    of=pl.len(),
    part=_overdue,
    about=SERVICES,
    arises=_recently_due.any(),
    carried_by=("record_id", "done_ids"),
    definition=f"Of the actions due within {ACTION_DAYS} days before the day, the share not done; null if none "
    "was due.",
)


OVERDUE_WORST = Feature(
    name="overdue_action_worst_days",
    over="actions",
    where=_overdue,
    value=_days_ago.max(),
    window=ACTION_DAYS,
    empty=None,
    needs=DUE,
    unit="days",
    direction=1,
    sentence=Sentence(
        none="No agreed action is past its day without being recorded as done.",
        one="An agreed action was due 1 day ago and is not recorded as done.",
        many="The agreed action longest past its day was due {span} ago and is not recorded as done.",
        missing="How long agreed actions are past their day: the records do not say.",
    ),
    source=ACTIONS,
    about=SERVICES,
    arises=(_recently_due & _overdue).any(),
    sets=_days_ago == _days_ago.max(),
    definition=f"Days since the earliest action due within {ACTION_DAYS} days and not done was due; null if there "
    "is none.",
)


_asked = pl.col("kind").is_in(("contact", "referral"))
_no_action = pl.col("outcome").is_in(ENDED_WITHOUT_ACTION)


def family_voice_closed(settings: Settings) -> Feature:
    """Return the feature for concerns of the family's side that all ended without action."""
    least = settings.family_voice_least
    voiced, told = _asked & pl.col("agency").is_in(FAMILY_VOICES), pl.col("outcome").is_not_null()
    days = _days_ago.n_unique()
    return Feature(
        name="family_voice_closed",
        over="records",
        where=voiced & told,
        value=pl.when((days >= least) & _no_action.all()).then(days).otherwise(0),
        window=365,
        empty=0,
        needs=("contacts.outcome",),
        unit="days",
        direction=1,
        sentence=Sentence(
            none=f"The records do not show that family, public or the child came forward {least} times in the last "
            "year and met with no more than advice.",
            one="On 1 day in the last year family, public or the child came forward, and it ended with no further "
            "action or advice.",
            many="On {n} days in the last year family, public or the child came forward, and each time it ended with "
            "no further action or advice.",
            missing="What came of it when family or public came forward: the records do not say.",
        ),
        source="Child Safeguarding Practice Review Panel (2022): concerns of the wider family were not looked into",
        about=SERVICES,
        coverage=Coverage(asked=voiced, told=told, least=settings.least_told),
        definition="Days within 365 days with a contact or referral by family, public or the child, if there are at "
        f"least {least} and all of them ended with no further action or advice; else 0. Null where fewer than "
        f"{settings.least_told:g} of these records state an outcome.",
    )


NO_ACTION_RUN = Feature(
    name="no_action_run_24m",
    over="records",
    where=_asked & _no_action & (_days_ago < pl.col("assessed_days_ago")).fill_null(value=True),
    value=_days_ago.n_unique(),
    window=TWO_YEARS,
    empty=0,
    needs=("contacts.outcome",),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="No contact or referral since the last assessment ended with no further action or advice.",
        one="On 1 day in the last two years, since the last assessment, a contact or referral ended with no "
        "further action or advice.",
        many="On {n} days in the last two years, since the last assessment, contacts or referrals ended with no "
        "further action or advice.",
        missing="What came of contacts and referrals: the records do not say.",
    ),
    source=ONE_BY_ONE,
    about=SERVICES,
    definition=f"Days within {TWO_YEARS} days with a contact or referral that ended with no further action or "
    "advice, later than the day of the last assessment.",
)
