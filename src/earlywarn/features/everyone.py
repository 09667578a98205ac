"""What anyone's records carried by each day: whether a thing can be told at all is judged on everyone's records.

It is the one thing that a child's features owe to other children's records, so it is found once and handed on: to one
child looked at alone, and to children counted part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.history.lookback import look_back
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import COUNTED_CONCERNS, LEAD_AGENCY

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.history.lookback import Lookback
    from earlywarn.records.tables import Records


@dataclass(frozen=True)
class Everyone:
    """What anyone knew, day by day, of any child.

    Parameters
    ----------
    carried : mapping of str to frozenset of datetime.date
        For each thing that features need, the days by which somebody's records carried it.
    lead_begins : mapping of datetime.date to int
        For each day, how many days before it the records of social care known to anyone begin.

    """

    carried: Mapping[str, frozenset[dt.date]]
    lead_begins: Mapping[dt.date, int]

    def together(self, other: Everyone) -> Everyone:
        """Put together what two parts of the records carried."""
        days = {*self.lead_begins, *other.lead_begins}
        return Everyone(
            {
                n: self.carried.get(n, frozenset()) | other.carried.get(n, frozenset())
                for n in {*self.carried, *other.carried}
            },
            {day: max(self.lead_begins.get(day, 0), other.lead_begins.get(day, 0)) for day in days},
        )


def everyone(records: Records, days: Sequence[dt.date], needs: Iterable[str], look: Lookback | None = None) -> Everyone:
    """Find what anyone's records carried by each day.

    Parameters
    ----------
    records : Records
        Everyone's records.
    days : sequence of datetime.date
        The days.
    needs : iterable of str
        What features need, as in `earlywarn.features.feature.Feature.needs`.
    look : Lookback, optional
        A look back on all of these records for ``pooled``, if there is one at hand.

    """
    wanted, place = sorted(set(needs)), ("everyone", tuple(sorted(set(days))))
    known: Everyone | None = records.found.get(place)
    if known is not None and known.carried.keys() >= set(wanted):
        return known
    pooled = look.only(POOLED) if look is not None and POOLED in look.viewers else look_back(records, days, [POOLED])
    carried = {need: _days_with(pooled, need) for need in wanted}
    records.found[place] = Everyone(carried, _lead_begins(pooled))
    return records.found[place]  # type: ignore[no-any-return]


def begun_by_lead(records: Records, days: Sequence[dt.date]) -> Everyone:
    """Find only how far back the records of social care go: of records that hold at least those, and corrections."""
    return Everyone({}, _lead_begins(look_back(records, days, [POOLED])))


def needs_of_all(features: Sequence[Feature]) -> list[str]:
    """Everything that some features need, each once."""
    return sorted({need for feature in features for need in feature.needs})


def _days_with(look: Lookback, need: str) -> frozenset[dt.date]:
    """Mark the records that carry what is needed, then look up by which days somebody held one."""
    if "|" in need:
        return frozenset().union(*(_days_with(look, each) for each in need.split("|")))
    if need.startswith("contacts"):
        return _days(look, _marked(look, need), itself=True)
    if need == "sharing":  # an act is not carried by its record alone: it must have happened
        rows = look.sharing.select("row").collect()["row"].unique()
        return frozenset(look.spine["as_of"].gather(rows).unique())
    return _days(look, look.index.carries(_rows_with(look, need)))


def _marked(look: Lookback, need: str) -> pl.Series:
    _, _, holder = need.partition("@")
    column = need.partition(".")[2]
    where = pl.col("held_by") == holder if holder else pl.col(column or "record_id").is_not_null()
    return look.contacts.select(where.fill_null(value=False)).to_series()


_CARRIER = {"episodes": "started_by"}


def _rows_with(look: Lookback, need: str) -> pl.DataFrame:
    table, _, column = need.replace("facts:", "facts.").partition(".")
    rows = look.index.numbered(table, _CARRIER.get(table, "record_id"))
    if table == "facts" and column:
        return rows.filter(pl.col("key") == column)
    if table == "concerns":  # context is never read, and a source that cannot close has no value in closing
        rows = rows.filter(pl.col("category").is_in(COUNTED_CONCERNS))
        rows = rows.with_columns(closing=pl.col("closing").replace("not_recordable", None))
    if column in ("ended_by", "closed_by"):  # told only where somebody held the second record too
        held = look.index.carries(look.held)
        return rows.filter(pl.col(column).is_in(look.contacts.filter(held)["record_id"].implode()))
    return rows.filter(pl.col(column).is_not_null()) if column else rows


def _days(look: Lookback, marks: pl.Series, *, itself: bool = False) -> frozenset[dt.date]:
    """Days by which somebody held a marked record, or one that stands for it; the rows of a day lie together."""
    held = look.held
    found = marks.gather(held["record"])
    if itself:
        found &= held["record"] == held["current"]
    if not found.any():
        return frozenset()
    first = look.spine.select("as_of", "row").unique("as_of", keep="first", maintain_order=True)
    if first.height == 1:
        return frozenset(first["as_of"])
    begins = held["row"].search_sorted(first["row"]).to_numpy()
    there = np.append(begins, held.height)
    count = np.diff(np.concatenate([[0], np.cumsum(found.to_numpy())])[there])
    return frozenset(first["as_of"].filter(pl.Series(count > 0)))


def _lead_begins(look: Lookback) -> dict[dt.date, int]:
    by_lead = (look.contacts["held_by"] == LEAD_AGENCY).fill_null(value=False)
    past = (pl.col("record") == pl.col("current")) & (pl.col("days_ago") >= 1)
    theirs = (
        look.held.filter(by_lead.gather(look.held["record"])).filter(past).group_by("row").agg(pl.col("days_ago").max())
    )
    days = theirs.with_columns(look.spine["as_of"].gather(theirs["row"]))
    begins = days.group_by("as_of").agg(pl.col("days_ago").max())
    return {day: int(ago) for day, ago in begins.iter_rows()}
