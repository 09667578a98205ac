"""`Lookback`: what was knowable on many days, to many viewers, as numbers; wide columns come when asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.days import working_days
from earlywarn.history.viewers import members
from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from earlywarn.history._index import RecordIndex
    from earlywarn.records.tables import Records


@dataclass(frozen=True, repr=False)
class Lookback:
    """What was knowable for each row of a spine. Every frame is keyed by ``row``; ``days_ago`` counts to as-of.

    Only ``held`` multiplies with days and viewers: a few numbers a line. The frames are lazy and fetch the columns of
    the tables they are asked for, and no others.

    Parameters
    ----------
    spine : polars.DataFrame
        ``row``, ``child_id``, ``as_of``, ``viewer``: every child with a record known to anyone before the day, for
        every viewer asked for, in order of day, viewer and child. A child goes by one id (see
        `earlywarn.history.knowledge.identities`).
    held : polars.DataFrame
        ``row``, ``record``, ``current`` (the record that stands for it in that view), ``days_ago``; in order of rows.
    children : polars.DataFrame
        ``row``, ``age_months`` and ``born_days_ago`` (null where not known), ``unborn``, ``died``, ``adult``.
    links : polars.DataFrame
        The links found out before each day, with ``as_of``.
    index : RecordIndex
        The records, by their numbers.
    same : polars.DataFrame
        From `identities`.
    source : Records
        All records: those of other children among them, where only some were asked about.
    viewers : tuple of str
        Whose knowledge.
    of_children : tuple of str, optional
        The children asked about, where not all were.
    narrowed : bool, default False
        Whether ``held`` was narrowed to some rows.
    others : dict of str to Lookback
        What other viewers knew, where somebody has asked.

    """

    spine: pl.DataFrame
    held: pl.DataFrame
    children: pl.DataFrame
    links: pl.DataFrame
    index: RecordIndex
    same: pl.DataFrame
    source: Records
    viewers: tuple[str, ...]
    of_children: tuple[str, ...] | None = None
    narrowed: bool = False
    others: dict[str, Lookback] = field(default_factory=dict, repr=False)

    def of(self, viewer: str) -> Lookback:
        """Return what one other viewer knew of the same children before the same days."""
        from earlywarn.history.lookback import look_back  # noqa: PLC0415 (which is built on this)

        if viewer not in self.others:
            days = self.spine["as_of"].unique().to_list()
            self.others[viewer] = look_back(self.source, days, [viewer], self.of_children, index=self.index)
        return self.others[viewer]

    def only_rows(self, rows: pl.Series) -> Lookback:
        """Keep what was knowable for some rows; the spine stays whole, since a row is a place in it."""
        return replace(self, held=self.held.filter(pl.col("row").is_in(rows.implode())), narrowed=True)

    @property
    def holds_everybody(self) -> bool:
        """Whether every child is here, and not some alone."""
        return self.of_children is None and not self.narrowed

    def with_children(self, children: Collection[str]) -> Lookback:
        """Return what the viewers of these rows knew of some children before their days.

        So a child looked at alone can be put beside others, and told the same of as among all.

        Parameters
        ----------
        children : collection of str
            Any of their ids.

        """
        from earlywarn.history.lookback import look_back  # noqa: PLC0415 (which is built on this)

        here = self.spine[self.held["row"].unique()]
        days, seats = (here[c].unique().to_list() for c in ("as_of", "viewer"))
        return look_back(self.source, days, seats, list(children))

    def only(self, viewer: str) -> Lookback:
        """Keep what one of the viewers knew."""
        if self.viewers == (viewer,):
            return self
        return replace(self, held=self.held.filter((self.spine["viewer"] == viewer).gather(self.held["row"])))

    @property
    def contacts(self) -> pl.DataFrame:
        """All contacts, by their numbers, with ``time``: when it happened, or became known where that is not said."""
        return self.index.contacts

    @property
    def records(self) -> pl.LazyFrame:
        """Records in each view, with all columns of contacts and ``time``."""
        return self.records_in(self.held)

    def records_in(self, held: pl.DataFrame, columns: Collection[str] | None = None) -> pl.LazyFrame:
        """Return records of some rows of ``held``, or some of their columns: to take fewer costs less.

        ``recorded_after_days`` is how long after it happened a record was written, where both are said.
        """
        here = held.lazy().filter(pl.col("record") == pl.col("current")).drop("current")
        if columns is not None and "recorded_after_days" not in columns:
            return here.with_columns(self._of_records("record", *(c for c in self._own_columns() if c in columns)))
        whole = self._of_spine(here).with_columns(self._of_records("record", *self._own_columns()))
        return whole.with_columns(recorded_after_days=_in_days(pl.col("recorded_at") - pl.col("occurred_at")))

    @property
    def concerns(self) -> pl.LazyFrame:
        """Concerns with ``closing_id`` and ``closing_days_ago``, null unless the view holds the closing record."""
        rows = self._carried("concerns", also="closed_by")
        ends = self._ends("concerns", "record_id", "closed_by", "closing")
        return rows.join(ends, on=["row", "closed_by"], how="left").drop("closed_by")

    @property
    def episodes(self) -> pl.LazyFrame:
        """Episodes with ``start_days_ago`` and ``end_days_ago``; the end is null unless the view holds its record."""
        rows = self._carried("episodes", by="started_by", also="ended_by").with_columns(self._as_of())
        ended = pl.col("ending_id").is_not_null()
        started = (pl.col("as_of") - pl.col("start_on")).dt.total_days().cast(pl.Int32)
        over = pl.when(ended).then((pl.col("as_of") - pl.col("end_on")).dt.total_days().cast(pl.Int32))
        is_open = (pl.col("start_days_ago") > 0) & (pl.col("end_days_ago").is_null() | (pl.col("end_days_ago") <= 0))
        return (
            rows.join(self._ends("episodes", "started_by", "ended_by", "ending"), on=["row", "ended_by"], how="left")
            .with_columns(start_days_ago=started, end_days_ago=over, end_on=pl.when(ended).then("end_on"))
            .with_columns(open=is_open)
            .drop("ended_by", "ending_days_ago", "as_of")
        )

    @property
    def facts(self) -> pl.LazyFrame:
        """Facts of the records in each view.

        Where a value reads as a day or a time, ``value_days_ago`` counts from that day to the as-of day (negative
        where it lies ahead), and ``value_hours_before`` from it to the record, a day taken to its end.
        """
        moment = _moment(pl.col("value"))
        return (
            self._carried("facts")
            .with_columns(self._as_of())
            .with_columns(
                value_days_ago=(pl.col("as_of") - _day(pl.col("value"))).dt.total_days().cast(pl.Int32),
                value_hours_before=_in_days(pl.col("time") - moment) * 24,
            )
            .drop("as_of")
        )

    @property
    def people(self) -> pl.LazyFrame:
        """People with ``begun`` and ``ended``: whether their days, where stated, were before the day."""
        return self._spans("people", "person")

    @property
    def households(self) -> pl.LazyFrame:
        """Households with ``begun`` and ``ended``: whether their days, where stated, were before the day."""
        return self._spans("households", "household")

    @property
    def sharing(self) -> pl.LazyFrame:
        """Acts of sharing before the day, in the views of those who took part and in the pooled one.

        ``agency`` and ``held_by`` are those of the record that was told: who corrects it later told nobody.
        ``lag_days`` is how long after the record itself was known it was told.
        """
        bits = {code: 1 << i for i, code in enumerate(ORGANISATIONS)}
        parties = [pl.col(c).replace_strict(bits, default=0, return_dtype=pl.Int64) for c in ("agency", "held_by")]
        told = pl.col("to_agency").replace_strict(bits, return_dtype=pl.Int64)
        viewers = self.spine["viewer"].unique().to_list()
        whose = {v: sum(bits[m] for m in members(v)) for v in viewers}
        mask = pl.col("viewer").replace_strict(whose, default=0, return_dtype=pl.Int64)
        passed = (pl.col("as_of") - pl.col("shared_at").dt.date()).dt.total_days().cast(pl.Int32)
        known_at = pl.lit(self.contacts["known_at"]).gather(pl.col("record"))
        return (
            self._carried("sharing", parties="record")
            .with_columns(self._as_of())
            .filter(pl.col("shared_at") < pl.col("as_of").cast(pl.Datetime("us")))
            .filter(((parties[0] | parties[1] | told) & mask) != 0)
            .with_columns(shared_days_ago=passed, lag_days=_in_days(pl.col("shared_at") - known_at))
            .drop("as_of")
        )

    def _own_columns(self) -> list[str]:
        return [c for c in self.contacts.columns if c not in {"record", "child_id"}]

    def _of_spine(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the viewer of each row; asked for by its place, since a row is a place in the spine."""
        return frame.with_columns(viewer=pl.lit(self.spine["viewer"]).gather(pl.col("row")))

    def _as_of(self) -> pl.Expr:
        return pl.lit(self.spine["as_of"]).gather(pl.col("row")).alias("as_of")

    def _of_records(self, number: str, *columns: str) -> list[pl.Expr]:
        """Columns of contacts, by the number of a record: what nobody asks for is not fetched."""
        return [pl.lit(self.contacts[c]).gather(pl.col(number)).alias(c) for c in columns]

    def known_to(self, rows: pl.DataFrame) -> pl.Series:
        """Who knew each record of some rows, or the one that stands for it: one bit an organisation.

        Parameters
        ----------
        rows : polars.DataFrame
            With ``row``, ``record`` and ``current``.

        """
        before = self.spine["as_of"].gather(rows["row"]).cast(pl.Datetime("us"))
        return self.index.known_to(rows["record"], before) | self.index.known_to(rows["current"], before)

    def reached(self, rows: pl.DataFrame, agency: str) -> pl.DataFrame:
        """Say how long each of some records was known, and when an organisation knew it or what stands for it.

        Parameters
        ----------
        rows : polars.DataFrame
            With ``row``, ``record`` and ``current``.
        agency : str
            The organisation.

        Returns
        -------
        polars.DataFrame
            ``known_for_days``, from when the record became known to the as-of day; ``reached_after_days``, until the
            organisation first knew it, null where it did not before the day. In fractions of a day, in order of rows.

        """
        known, first = self.contacts["known_at"], self.index.first_known(agency)
        moments = pl.DataFrame(
            {
                "before": self.spine["as_of"].gather(rows["row"]).cast(pl.Datetime("us")),
                "known_at": known.gather(rows["record"]),
                "itself": first.gather(rows["record"]),
                "current": first.gather(rows["current"]),
            }
        )
        reached = pl.min_horizontal("itself", "current")
        return moments.select(
            known_for_days=_in_days(pl.col("before") - pl.col("known_at")),
            reached_after_days=pl.when(reached < pl.col("before")).then(_in_days(reached - pl.col("known_at"))),
        )

    def working_days(self, row: pl.Series, days_ago: pl.Series, nation: str) -> pl.Series:
        """Count the working days from each day, so many days ago, up to the as-of day of its row.

        Parameters
        ----------
        row, days_ago : polars.Series
            Rows of the spine, and days before their as-of days.
        nation : str
            Whose bank holidays, as in `earlywarn.history.days.working_days`.

        """
        as_of = self.spine["as_of"].gather(row)
        day = (
            pl.DataFrame({"as_of": as_of, "ago": days_ago})
            .select(pl.col("as_of") - pl.duration(days="ago"))
            .to_series()
        )
        return working_days(day, as_of, nation)

    def _carried(
        self, name: str, by: str = "record_id", also: str | None = None, parties: str = "current"
    ) -> pl.LazyFrame:
        """Rows of a table in every view that holds the record carrying them, with that record's id and time.

        ``agency`` and ``held_by`` are those of the record that stands for it, or (``parties="record"``) of the one
        that the row names.
        """
        rows = self.index.numbered(name, by, also)
        carrying = self.held.filter(self.index.carries(rows).gather(self.held["record"]))
        whole = carrying.lazy().join(rows.lazy(), on="record", maintain_order="left")
        details = [*self._of_records("current", "record_id", "time"), *self._of_records(parties, "agency", "held_by")]
        return self._of_spine(whole).with_columns(details)

    def _ends(self, table: str, by: str, column: str, prefix: str) -> pl.LazyFrame:
        """Take the records that a table's second reference (its closing, its end) names, to be looked up."""
        named = self.index.numbered(table, by, column).select(record=column).drop_nulls()
        held = self.held.filter(self.index.carries(named).gather(self.held["record"]))
        return held.lazy().select(
            "row",
            pl.col("record").alias(column),
            *(e.alias(f"{prefix}_id") for e in self._of_records("current", "record_id")),
            pl.col("days_ago").alias(f"{prefix}_days_ago"),
        )

    def _spans(self, name: str, subject: str) -> pl.LazyFrame:
        rows = self._carried(name).with_columns(self._as_of())
        begun = (pl.col("valid_from") < pl.col("as_of")).fill_null(value=True)
        ended = (pl.col("valid_to") < pl.col("as_of")).fill_null(value=False)
        named = with_identity(rows, self.same, subject, f"{subject}_id")
        return named.with_columns(begun=begun, ended=ended).drop("as_of")

    def ago(self, row: pl.Series, moments: pl.Series) -> pl.Series:
        """How long before its as-of day each moment was: in order, so that two can be put one before the other.

        Parameters
        ----------
        row, moments : polars.Series
            Rows of the spine, and a moment of each.

        Returns
        -------
        polars.Series
            A Duration, above nothing where the moment lies before the day.

        """
        before = self.spine["as_of"].gather(row).cast(pl.Datetime("us"))
        return before - moments


def with_identity(rows: pl.LazyFrame, same: pl.DataFrame, subject: str, column: str) -> pl.LazyFrame:
    """Put in place of each id the one it goes by on its day (``as_of``)."""
    known = same.filter(pl.col("subject") == subject).select("as_of", pl.col("id").alias(column), "same")
    if known.is_empty():
        return rows
    return rows.join(known.lazy(), on=["as_of", column], how="left").with_columns(
        pl.coalesce("same", column).alias(column)
    ).drop("same")  # fmt: skip


_TIMES = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


def _day(text: pl.Expr) -> pl.Expr:
    """Read the day that a value names, alone or with a time; null where it reads as neither."""
    return pl.coalesce(text.str.to_date("%Y-%m-%d", strict=False), _time(text).dt.date())


def _time(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.to_datetime(form, time_unit="us", strict=False) for form in _TIMES)


def _moment(text: pl.Expr) -> pl.Expr:
    """Read the moment that a value names; the end of the day where it names a day alone."""
    end_of_day = text.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1d").cast(pl.Datetime("us"))
    return pl.coalesce(_time(text), end_of_day)


def _in_days(span: pl.Expr) -> pl.Expr:
    return span.dt.total_microseconds() / 86_400_000_000
