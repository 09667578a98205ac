"""Who knew of one concern of one child, from when, and what became of it: agencies and days, never workers."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.history.chronology import CANNOT_TELL, HOLDS, NOT_THERE, RAISED, TOLD, chronology
from earlywarn.history.days import day_after
from earlywarn.history.notebook import html_table
from earlywarn.history.strands import CONCLUDED, OPEN
from earlywarn.history.view import View
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import AGENCIES, CONCERNS, ORGANISATIONS, label
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping

    import pandas as pd

    from earlywarn.history.chronology import Chronology
    from earlywarn.records.tables import Records

NOT_THE_SAME = "Not in its records is not the same as not knowing: people tell each other what nobody writes down."

SHOWN = 3
"""Strands told in sentences: the latest."""

_HOW = (RAISED, HOLDS, TOLD, CANNOT_TELL, NOT_THERE)
_STATES = {
    CONCLUDED: "concluded",
    OPEN: "no conclusion is recorded; it may have been dealt with and not written down",
    "cannot tell": "whether it was concluded cannot be told: its sources cannot record it",
    "context": "shown as context, never counted",
}


@dataclass(frozen=True, repr=False)
class WhoKnew:
    """Which organisations knew of a concern before a day, and its life.

    Parameters
    ----------
    child_id : str
        The child.
    as_of : datetime.date
        Everything here was known before the midnight that starts this day.
    whole : bool
        No day was given: ``as_of`` is the day after the newest thing in the records.
    viewer : str
        Whose knowledge this rests on.
    category : str
        What the concern is about, as a code.
    known : polars.DataFrame
        One row a strand and organisation that holds a record of the child or was told of one.

        ==============  ========  ==================================================================================
        ``strand``      UInt32    number of the strand, as in the chronology of the same view
        ``agency``      String    the organisation
        ``how``         String    how it first knew: ``raised``, ``holds``, ``told``; or ``not in its records``; or
                                  ``cannot tell``: none of its own records are here, or this viewer does not see what
                                  others told each other
        ``known_at``    Datetime  when it first knew; null where not in its records
        ``days_after``  Int32     days from when the strand was raised to then, at least 0
        ``extent``      String    ``full`` or ``summary``: how much it was told the first time; null unless told
        ``record_ids``  List      the strand's records it knew, oldest first
        ==============  ========  ==================================================================================
    life : polars.DataFrame
        What became of it, oldest first: ``strand``, ``at``, ``what`` (``raised``, ``raised again``, ``recorded again``
        within a strand, ``told``, ``concluded``), ``agency``, ``record_id``.
    strands : polars.DataFrame
        The strands asked about, as in `earlywarn.history.chronology.Chronology`.
    acts : polars.DataFrame
        Acts of sharing about its records, those among them that told nothing of what they say.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> found = who_knew(load_example(), "c0142", "self_harm")
    >>> found.known.columns[:3], found.whole
    (['strand', 'agency', 'how'], True)

    """

    child_id: str
    as_of: dt.date
    whole: bool
    viewer: str
    category: str
    known: pl.DataFrame
    life: pl.DataFrame
    strands: pl.DataFrame
    acts: pl.DataFrame

    def to_pandas(self) -> pd.DataFrame:
        """``known`` as a pandas frame."""
        return self.known.to_pandas()

    def __repr__(self) -> str:
        told = [line for strand in self._latest() for line in self._said(strand)]
        return "\n".join([*self._head(), *told, NOT_THE_SAME])

    def _repr_html_(self) -> str:
        said = "<br>".join(map(escape, [*self._head(), *map(self._began, self._latest())]))
        shown = self.known.filter(pl.col("strand").is_in(self._latest())).select(
            "strand",
            pl.col("agency").replace_strict({a: label(a, AGENCIES) for a in ORGANISATIONS}, return_dtype=pl.String),
            "how",
            pl.col("known_at").dt.date().alias("knew from"),
            pl.col("days_after").alias("days after"),
            "extent",
            pl.col("record_ids").list.len().alias("records"),
        )
        return f"<p>{said}</p>{html_table(shown)}<p>{escape(NOT_THE_SAME)}</p>"

    def _latest(self) -> list[int]:
        return self.strands["strand"].tail(SHOWN).to_list()

    def _head(self) -> list[str]:
        concern = label(self.category, CONCERNS)
        day = f"{self.as_of:%Y-%m-%d}" + (" (all these records)" if self.whole else "")
        older = self.strands.height - SHOWN
        more = (
            [f"Raised {count_of(self.strands.height, 'time')}; the latest {SHOWN} are told here."] if older > 0 else []
        )
        return [f"{concern[:1].upper()}{concern[1:]}, child {self.child_id}, as of {day}, by {self.viewer}", *more]

    def _said(self, strand: int) -> list[str]:
        """Say one strand in sentences: how it began and ended, then who knew, the first to know first."""
        rows = self.known.filter(pl.col("strand") == strand).sort("known_at", maintain_order=True, nulls_last=True)
        named = [(r["how"], label(r["agency"], AGENCIES), r) for r in rows.iter_rows(named=True)]
        said = {
            "In its own records": [
                f"{n} from {r['known_at']:%Y-%m-%d}" for how, n, r in named if how in (RAISED, HOLDS)
            ],
            "Told": [f"{n} {_told(r)}" for how, n, r in named if how == TOLD],
            "Not in the records of": [n for how, n, _ in named if how == NOT_THERE],
            "Cannot tell for": [n for how, n, _ in named if how == CANNOT_TELL],
        }
        return [self._began(strand), *(f"  {what}: {'; '.join(names)}." for what, names in said.items() if names)]

    def _began(self, strand: int) -> str:
        s = self.strands.row(by_predicate=pl.col("strand") == strand, named=True)
        first = "Raised again" if s["again"] else "First raised"
        times = f", recorded {count_of(s['rows'], 'time')} up to {s['last_at']:%Y-%m-%d}" if s["rows"] > 1 else ""
        ended = f" on {s['concluded_at']:%Y-%m-%d}" if s["concluded_at"] else ""
        by = AGENCIES[s["agency"]].said
        return f"{first} by {by} on {s['raised_at']:%Y-%m-%d}{times}; {_STATES[s['state']]}{ended}."


def _told(row: Mapping[str, Any]) -> str:
    days = row["days_after"]
    after = f"{count_of(days, 'day')} after" if days else "the same day"
    return f"on {row['known_at']:%Y-%m-%d} ({after}, in {row['extent']})"


def who_knew(
    records: Records,
    child: str,
    concern: str,
    *,
    as_of: str | dt.date | None = None,
    viewer: str | Collection[str] = POOLED,
) -> WhoKnew:
    """Say which organisations knew of a concern, from when, and what became of it.

    It names agencies, never workers. That a concern is not in an organisation's records does not say that nobody there
    knew of it.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    child : str
        The child, by any id known to be its.
    concern : str
        A ``concern_id``: the strand it belongs to. Or a category's code, as ``neglect``: all its strands.
    as_of : str or datetime.date, optional
        The day; without one, the day after the newest thing in these records, so that all of them count.
    viewer : str or collection of str, default "pooled"
        Whose knowledge it rests on, as for `earlywarn.history.view.View`.

    Returns
    -------
    WhoKnew
        With sentences as its ``repr``, and a frame as its ``to_pandas()``.

    Raises
    ------
    ArgumentError
        No such child or concern in this view, or no such day or viewer.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> found = who_knew(load_example(), "c0142", "self_harm", as_of="2026-11-01")
    >>> print(repr(found).splitlines()[0])
    Self-harm, child c0142, as of 2026-11-01, by pooled

    """
    view = View(records, day_after(records) if as_of is None else as_of, viewer)
    told = chronology(view, child)
    strands = _asked(told, concern)
    carried = strands.select("strand", "raised_at", record_id="record_ids").explode("record_id", empty_as_null=False)
    return WhoKnew(
        child_id=told.child_id,
        as_of=told.as_of,
        whole=as_of is None,
        viewer=told.viewer,
        category=strands["category"][0],
        known=_known(told, carried),
        life=_life(told, strands, carried),
        strands=strands,
        acts=told.acts.join(carried.select("record_id").unique(), on="record_id", how="semi", maintain_order="left"),
    )


def _asked(told: Chronology, concern: str) -> pl.DataFrame:
    """Find the strand of a concern's id, or all of a category."""
    by_id = told.concerns.filter(pl.col("concern_ids").list.contains(concern))
    found = by_id if by_id.height else told.concerns.filter(pl.col("category") == concern)
    if found.is_empty():
        raise _no_such_concern(concern)
    return found


def _no_such_concern(concern: str) -> ArgumentError:
    """Say so without a word on which concerns there are: messages end up in logs."""
    codes = {c.label: code for code, c in CONCERNS.items()}
    asked = concern.strip().lower()
    close = f'write "{codes[asked]}"' if asked in codes else nearest(asked, CONCERNS)
    close = "" if concern in CONCERNS else close
    return ArgumentError(
        "The view holds no such concern of this child.",
        expected="a concern_id of this child, or the code of a category raised before the day",
        fix=close or "look at chronology(view, child).concerns, or choose another viewer or day",
    )


def _known(told: Chronology, carried: pl.DataFrame) -> pl.DataFrame:
    """One row a strand and organisation: how it first knew of a record of the strand."""
    place = pl.col("how").replace_strict({how: i for i, how in enumerate(_HOW)}, return_dtype=pl.Int64)
    order = {code: i for i, code in enumerate(ORGANISATIONS)}
    after = (pl.col("known_at").dt.date() - pl.col("raised_at").dt.date()).dt.total_days().cast(pl.Int32)
    return (
        carried.join(told.by_agency(), on="record_id", maintain_order="left")
        .group_by("strand", "agency", maintain_order=True)
        .agg(
            pl.col("how").sort_by("known_at", place, nulls_last=True).first(),
            pl.col("raised_at").first(),
            pl.col("known_at").min(),
            pl.col("extent").sort_by("known_at", place, nulls_last=True).first(),
            record_ids=pl.col("record_id").filter(pl.col("known_at").is_not_null()),
        )
        .with_columns(days_after=after.clip(lower_bound=0), extent=pl.when(pl.col("how") == TOLD).then("extent"))
        .sort("strand", pl.col("agency").replace_strict(order, return_dtype=pl.Int64))
        .select("strand", "agency", "how", "known_at", "days_after", "extent", "record_ids")
    )


def _life(told: Chronology, strands: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    columns = ("strand", "at", "what", "agency", "record_id")
    events = told.events.select("record_id", "at", "agency", "held_by")
    first = pl.col("record_id").is_first_distinct().over("strand") & (pl.int_range(pl.len()).over("strand") == 0)
    raised = carried.join(events, on="record_id", maintain_order="left").join(
        strands.select("strand", "again"), on="strand"
    )
    begun = pl.when("again").then(pl.lit("raised again")).otherwise(pl.lit("raised"))
    rows = raised.sort("strand", "at", maintain_order=True).with_columns(
        what=pl.when(first).then(begun).otherwise(pl.lit("recorded again"))
    )
    passed_on = carried.join(told.known.filter("told"), on="record_id").with_columns(at="known_at", what=pl.lit("told"))
    closings = events.select("at", concluded_by="record_id", record_id="record_id", agency="held_by")
    ended = (
        strands.select("strand", "concluded_by")
        .join(closings, on="concluded_by")
        .with_columns(what=pl.lit("concluded"))
    )
    whole = pl.concat([frame.select(columns) for frame in (rows, passed_on, ended)])
    return whole.sort("strand", "at", maintain_order=True)
