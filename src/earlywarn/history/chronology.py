"""The chronology of one child: who did, saw and was told what, in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.notebook import html_table
from earlywarn.history.one_child import CANNOT_TELL, HOLDS, NOT_THERE, RAISED, TOLD, knowing, sight_of
from earlywarn.history.strands import CONTEXT, OPEN, STRANDS, strands
from earlywarn.history.viewers import POOLED, members
from earlywarn.records.codes import AGENCIES, ORGANISATIONS, label
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from earlywarn.history.view import View

__all__ = ["CANNOT_TELL", "GAP_DAYS", "HOLDS", "NOT_THERE", "RAISED", "TOLD", "Chronology", "chronology"]

GAP_DAYS = 90
"""So many days without a record by anyone are a gap. Children under a plan are usually seen far more often."""

SHOWN = 20
"""Rows a notebook shows: the newest."""

ACTS = pl.Schema(
    {
        "record_id": pl.String(),
        "teller": pl.String(),
        "agency": pl.String(),
        "shared_at": pl.Datetime("us"),
        "decision": pl.String(),
        "extent": pl.String(),
        "confers": pl.Boolean(),
    }
)


@dataclass(frozen=True, repr=False)
class Chronology:
    """Dated events of one child in one view, and which agency knew each of them from when.

    Parameters
    ----------
    child_id : str
        The child.
    as_of : datetime.date
        Everything here was known before the midnight that starts this day.
    events : polars.DataFrame
        One row a record, oldest first.

        ===============  ========  =====================================================================
        ``record_id``    String    the record, in the version that stands for it in this view
        ``at``           Datetime  when it happened; where that is not recorded, when it became known
        ``agency``       String    who saw or raised it
        ``held_by``      String    whose record it is
        ``kind``         String    the code of what sort of thing it is
        ``what``         String    the same in words
        ``concerns``     String    concerns it raises, in words; null where none
        ``outcome``      String    what came of it, in words; null where nothing is recorded
        ``ahead``        Boolean   planned for the day or later: it has not happened yet
        ``known_at``     Datetime  when its holder first knew it, in whichever version
        ``gap_days``     Int32     days since the event before; null for the first
        ``delay_days``   Int32     days from when it happened to ``known_at``; null unless both are recorded to the day
        ``detail``       String    how it was done and whether it took place, in words; null where not recorded
        ``precision``    String    how exactly ``at`` is known, as a code; ``unknown`` where it is when it became known
        ``follows``      String    the record it concludes; null for other kinds
        ===============  ========  =====================================================================
    known : polars.DataFrame
        One row for each event and agency that knew it before the day: ``record_id, agency, known_at, told`` (true
        where it neither raised nor holds the record). One agency's view shows whom it told or was told by, not what
        others told each other.
    plans : polars.DataFrame
        Episodes in the view: ``kind, start_on, end_on`` (null while open).
    agencies : tuple of str
        Organisations whose own records are here, in the order of the code list.
    ids : tuple of str
        All ids known before the day to be this child, ``child_id`` first.
    viewer : str
        Whose knowledge this is.
    acts : polars.DataFrame
        One row an act of sharing in the view: ``record_id, teller`` (who holds the record), ``agency`` (to whom),
        ``shared_at, decision`` (``shared, withheld, asked``), ``extent, confers`` (whether it told what the record
        says).
    concerns : polars.DataFrame
        One row a strand, oldest first: concerns of one category, each at most 28 days after the one before, and what
        became of it. Columns as `earlywarn.history.strands.strands` gives them.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> told = chronology(View(load_example(), "2026-11-01"), "c0001")
    >>> told.events["at"].is_sorted(), told.known["agency"].n_unique() >= len(told.agencies)
    (True, True)

    """

    child_id: str
    as_of: dt.date
    events: pl.DataFrame
    known: pl.DataFrame
    plans: pl.DataFrame
    agencies: tuple[str, ...]
    ids: tuple[str, ...] = ()
    viewer: str = POOLED
    acts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACTS))
    concerns: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STRANDS))

    @property
    def organisations(self) -> tuple[str, ...]:
        """Organisations that knew a record of the child, their own or one they were told of, in order."""
        knew = {*self.agencies, *self.known["agency"]}
        return tuple(code for code in ORGANISATIONS if code in knew)

    def by_agency(self) -> pl.DataFrame:
        """For every event and organisation, whether and when the organisation knew of it.

        "Not in its records" is said only of an organisation whose own records of this child are here, and only where
        this view holds every act of telling about the record: one agency's view does not show what others told each
        other. It is not the same as not knowing: people tell each other what nobody writes down.

        Returns
        -------
        polars.DataFrame
            ``record_id``, ``agency``, ``how`` (``raised``, ``holds``, ``told``, ``not in its records``, ``cannot
            tell``), ``known_at``, ``days_after`` (Int32, days from when the record's holder knew it), ``extent``
            (``full`` or ``summary``: how much it was told, the first time). Ordered as the events, then as the code
            list.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> told = chronology(View(load_example(), "2026-11-01"), "c0001")
        >>> told.by_agency().height == told.events.height * len(told.organisations)
        True

        """
        return knowing(self.events, self.known, self.acts, self.agencies, self.organisations, members(self.viewer))

    def to_frame(self) -> pl.DataFrame:
        """Integrated chronology as one table: a row an event, and a column an organisation with the day it knew.

        Returns
        -------
        polars.DataFrame
            ``record_id``, ``date``, ``agency``, ``held_by`` (codes), ``what``, ``detail``, ``concerns``, ``outcome``
            (words), ``ahead``, ``delay_days``, ``gap_days``, then one Date column for each of `organisations`, by its
            code: the day on which it knew. Null means that no record shows it knew; `by_agency` says where that can
            be told apart from not being able to tell.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> told = chronology(View(load_example(), "2026-11-01"), "c0001")
        >>> told.to_frame().columns[:3], told.to_frame().columns[11:] == list(told.organisations)
        (['record_id', 'date', 'agency'], True)

        """
        columns = ("agency", "held_by", "what", "detail", "concerns", "outcome", "ahead", "delay_days", "gap_days")
        days = self.known.select("record_id", "agency", day=pl.col("known_at").dt.date())
        told = days.pivot(on="agency", on_columns=self.organisations, index="record_id", values="day")
        rows = self.events.select("record_id", pl.col("at").dt.date().alias("date"), *columns)
        return rows.join(told, on="record_id", how="left", maintain_order="left")

    def to_pandas(self) -> pd.DataFrame:
        """`to_frame` as a pandas frame."""
        return self.to_frame().to_pandas()

    def gaps(self, least: int = GAP_DAYS) -> pl.DataFrame:
        """Return the times in which nobody made a record of this child that is in this view.

        Parameters
        ----------
        least : int, default 90
            From how many days on it is a gap.

        Returns
        -------
        polars.DataFrame
            ``record_id`` (the record before), ``after`` and ``until`` (Date), ``days`` (Int32), ``lasting`` (true where
            it runs on to the as-of day). What is planned ends no gap before it has happened. In the view of one agency
            it is a time without a record that this agency knew.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> told = chronology(View(load_example(), "2026-11-01"), "c0001")
        >>> (told.gaps(30)["days"] >= 30).all()
        True

        """
        days = self.events.filter(~pl.col("ahead")).select("record_id", after=pl.col("at").dt.date())
        until = pl.col("after").shift(-1)
        return (
            days.with_columns(until=until.fill_null(self.as_of), lasting=until.is_null())
            .with_columns(days=(pl.col("until") - pl.col("after")).dt.total_days().cast(pl.Int32))
            .filter(pl.col("days") >= least)
            .select("record_id", "after", "until", "days", "lasting")
        )

    def delays(self) -> pl.DataFrame:
        """Return how long it took until an organisation knew: to record what happened, and to be told.

        Returns
        -------
        polars.DataFrame
            ``agency``, ``what`` (``recorded``: from the event to when its holder knew it; ``told``: from then to when
            this organisation was told), ``records`` (on how many that rests), ``median_days`` (Float64),
            ``longest_days`` (Int32). In the order of the code list.

        Examples
        --------
        >>> from earlywarn.datasets import load_example
        >>> from earlywarn.history.view import View
        >>> told = chronology(View(load_example(), "2026-11-01"), "c0001")
        >>> set(told.delays()["what"]) <= {"recorded", "told"}
        True

        """
        recorded = self.events.select(agency="held_by", what=pl.lit("recorded"), days="delay_days")
        told = self.by_agency().filter(pl.col("how") == TOLD)
        both = pl.concat([recorded, told.select("agency", what=pl.lit(TOLD), days="days_after")]).drop_nulls("days")
        order = {code: i for i, code in enumerate(ORGANISATIONS)}
        return (
            both.group_by("agency", "what")
            .agg(records=pl.len(), median_days=pl.col("days").median(), longest_days=pl.col("days").max())
            .sort(pl.col("agency").replace_strict(order, default=None, return_dtype=pl.Int64), "what")
        )

    def __repr__(self) -> str:
        whose = ", ".join(label(a, AGENCIES) for a in self.agencies)
        holders = count_of(len(self.agencies), "agency", "agencies")
        counted = self.concerns.filter(pl.col("state") != CONTEXT).height
        unconcluded = self.concerns.filter(pl.col("state") == OPEN).height
        lines = [
            f"Chronology of child {self.child_id} as of {self.as_of:%Y-%m-%d}, by {self.viewer}",
            f"{count_of(self.events.height, 'record')}, held by {holders}: {whose}",
            f"{count_of(counted, 'concern')}, {unconcluded} with no recorded conclusion",
            f"{count_of(self.gaps().height, 'span')} of {GAP_DAYS} days or more without a record in this view",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "<br>".join(escape(line) for line in repr(self).splitlines())
        older = self.events.height - SHOWN
        more = f"<p>{count_of(older, 'older record')} not shown: see to_pandas()</p>" if older > 0 else ""
        return f"<p>{head}</p>{more}{html_table(self._shown())}"

    def _shown(self) -> pl.DataFrame:
        """Return the newest events for a notebook, whom they were told to in one cell."""
        said = pl.concat_str(pl.col("agency").replace_strict(_NAMES), pl.lit(" "), pl.col("known_at").dt.date())
        told = self.known.filter("told").sort("known_at", "agency").group_by("record_id").agg(told=said.str.join(", "))
        rows = self.events.tail(SHOWN).join(told, on="record_id", how="left", maintain_order="left")
        day, by = pl.col("at").dt.date().alias("day"), pl.col("agency").replace_strict(_NAMES)
        return rows.select(day, by, "what", "detail", "concerns", "outcome", "told")


_NAMES = {code: label(code, AGENCIES) for code in AGENCIES}


def chronology(view: View, child_id: str) -> Chronology:
    """Put the records a viewer knew of one child in order, with who knew each.

    Parameters
    ----------
    view : View
        What one viewer could see on one day.
    child_id : str
        The child, by any id known before the day to be its.

    Raises
    ------
    ArgumentError
        The view holds no record of that child.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.view import View
    >>> chronology(View(load_example(), "2026-11-01"), "c0001").child_id
    'c0001'

    """
    own = view.only([child_id])
    if own.frames["contacts"].is_empty():
        raise view.no_such_child()
    seen, ids = sight_of(own), view.ids(child_id)
    held = set(seen.events["held_by"])
    return Chronology(
        child_id=ids[0],
        as_of=view.day,
        events=seen.events,
        known=seen.known,
        plans=own.frames["episodes"].select("kind", "start_on", "end_on").sort("start_on", "kind", "end_on"),
        agencies=tuple(code for code in ORGANISATIONS if code in held),
        ids=ids,
        viewer=view.seen_by,
        acts=seen.acts,
        concerns=strands(own.frames["concerns"], seen.events, seen.known),
    )
