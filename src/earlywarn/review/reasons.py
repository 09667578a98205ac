"""From points to reasons: a sentence a manager could read aloud, and the records it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES
from earlywarn.records.codes import AGENCIES
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.features.engine import FeatureTable
    from earlywarn.features.feature import Feature
    from earlywarn.scoring.terms import TermTable

ABOUT_FAMILY = "recorded about the child and family"
ABOUT_SERVICES = "how services have worked"
OTHER_WAY = "what speaks the other way"
GROUPS = (ABOUT_FAMILY, ABOUT_SERVICES, OTHER_WAY)

QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "unresolved_concerns": "What became of what {agency} recorded on {oldest}?",
        "unresolved_oldest_days": "What became of what {agency} recorded on {oldest}?",
        "unresolved_severity": "Which of the concerns without a conclusion is the gravest, and who is following it?",
        "concern_recurrence": "What was done the first time the concern of {newest} was raised?",
        "rereferral_12m": "What was decided at the earlier referral, and what has changed since?",
        "days_since_seen": "Who has seen the child lately, and was the child seen alone?",
        "unseen_share_90d": "Where was the child at the contacts at which the child was not seen?",
        "missed_share_365d": "What stood in the way of the visits or appointments that did not take place?",
        "worker_churn_365d": "Who holds the case now, and what was handed over?",
        "unknown_adults": "Who are the adults in the record {agency} made on {newest}, and are they still there?",
        "largest_single_view": "Which of these concerns has each agency not been told of?",
    }
)
"""What to find out, and of whom. Never what would lower the score."""


@dataclass(frozen=True)
class Reason:
    """One reason of a flag. ``points`` is what its term added to the score; never zero."""

    feature: str
    group: str
    value: float | None
    points: int
    sentence: str
    record_ids: tuple[str, ...]


def group_of(feature: Feature, points: int) -> str:
    """Group a reason is shown in."""
    if points < 0:
        return OTHER_WAY
    return ABOUT_SERVICES if feature.about == SERVICES else ABOUT_FAMILY


def reasons_of(
    table: FeatureTable, scores: pl.DataFrame, model: TermTable, rows: Sequence[int]
) -> dict[int, tuple[Reason, ...]]:
    """Give the reasons of some rows: one for each term that added or took points, most points first.

    Parameters
    ----------
    table, scores : FeatureTable, polars.DataFrame
        Counts, and the same rows scored by ``model``.
    model : TermTable
        What scored them.
    rows : sequence of int
        Rows of the table.

    Returns
    -------
    dict of int to tuple of Reason
        For each row, reasons whose points sum to the score less the intercept.

    """
    wanted = pl.Series("row", list(rows), dtype=pl.UInt32)
    whole = table.values.join(
        scores.select("child_id", "as_of", "viewer", pl.selectors.starts_with("points__")),
        on=["child_id", "as_of", "viewer"],
    ).join(table.parts, on="row", how="left")
    mine = whole.filter(pl.col("row").is_in(wanted.implode()))
    evidence = {
        (row, feature): tuple(ids)
        for row, feature, ids in table.evidence_of(wanted, model.features)
        .group_by("row", "feature")
        .agg("record_id")
        .iter_rows()
    }
    return {line["row"]: _reasons(line, table, model, evidence) for line in mine.iter_rows(named=True)}


def _reasons(
    line: Mapping[str, object],
    table: FeatureTable,
    model: TermTable,
    evidence: Mapping[tuple[int, str], tuple[str, ...]],
) -> tuple[Reason, ...]:
    found = []
    for name in model.features:
        points, feature = line[f"points__{name}"], table.feature(name)
        if not isinstance(points, int) or points == 0:
            continue
        value, of = _number(line[name]), _number(line.get(f"{name}__of"))
        ids = tuple(sorted(evidence.get((_row(line), name), ())))
        found.append(Reason(name, group_of(feature, points), value, points, feature.sentence.say(value, of), ids))
    return tuple(sorted(found, key=lambda r: (GROUPS.index(r.group), -abs(r.points))))


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _row(line: Mapping[str, object]) -> int:
    row = line["row"]
    return row if isinstance(row, int) else -1


def not_known(line: Mapping[str, object], table: FeatureTable, model: TermTable) -> tuple[str, ...]:
    """Say what could not be told of a row, each once, in the order of the model's questions."""
    open_ = [f for f in model.features if line[f] is None and line.get(f"{f}__arises", True)]
    return tuple(dict.fromkeys(table.feature(f).sentence.missing for f in open_))


def questions(reasons: Sequence[Reason], contacts: pl.DataFrame) -> tuple[str, ...]:
    """Questions that follow from the reasons, each naming a record to ask about.

    Parameters
    ----------
    reasons : sequence of Reason
        Of one flag.
    contacts : polars.DataFrame
        The view's records of that child: ``record_id, agency, time``.

    """
    asked = []
    for reason in (r for r in reasons if r.points > 0 and r.feature in QUESTIONS):
        records = contacts.filter(pl.col("record_id").is_in(list(reason.record_ids))).sort("time", "record_id")
        if records.is_empty():
            continue
        oldest, newest = records.row(0, named=True), records.row(-1, named=True)
        template = QUESTIONS[reason.feature]
        named = oldest if "{oldest}" in template else newest
        asked.append(
            template.format(
                agency=AGENCIES[named["agency"]].said, oldest=said_day(oldest["time"]), newest=said_day(newest["time"])
            )
        )
    return tuple(dict.fromkeys(asked))
