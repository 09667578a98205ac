"""`Lookback`: what was knowable on many days, to many viewers, as numbers; wide columns come when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.viewers import members
from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, repr=False)
class Lookback:
    """What was knowable for each row of a spine. Every frame is keyed by ``row``; ``days_ago`` counts to as-of.

    Only ``held`` multiplies with days and viewers: a few numbers a line. The frames are lazy and fetch the columns of
    the tables they are asked for, and no others.

    Parameters
    ----------
    spine : polars.DataFrame
        ``row``, ``child_id``, ``as_of``, ``viewer``: every child with a record known to anyone before the day, for
        every viewer. A child goes by one id (see `earlywarn.history.knowledge.identities`).
    held : polars.DataFrame
        ``row``, ``record``, ``current`` (the record that stands for it in that view), ``days_ago``, ``known_to``: one
        bit an organisation, bit *i* set where ``ORGANISATIONS[i]`` knows the record or the one that stands for it.
    children : polars.DataFrame
        ``row``, ``age_months`` (null where not known), ``unborn``, ``died``, ``adult``.
    links : polars.DataFrame
        The links found out before each day, with ``as_of``.
    contacts : polars.DataFrame
        All contacts, numbered by ``record``, with ``time``: when it happened, or became known where that is not said.
    tables : mapping of str to polars.DataFrame
        The tables of the contract.
    same : polars.DataFrame
        From `identities`.

    """

    spine: pl.DataFrame
    held: pl.DataFrame
    children: pl.DataFrame
    links: pl.DataFrame
    contacts: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    same: pl.DataFrame

    @property
    def records(self) -> pl.LazyFrame:
        """Records in each view, with all columns of contacts and ``time``."""
        here = self.held.lazy().filter(pl.col("record") == pl.col("current")).drop("current")
        whole = self._of_spine(here).with_columns(self._of_records("record", *self._own_columns()))
        return whole.drop("record")

    @property
    def concerns(self) -> pl.LazyFrame:
        """Concerns with ``closing_id`` and ``closing_days_ago``, null unless the view holds the closing record."""
        rows = self._carried("concerns", also="closed_by")
        ends = self._ends("closed_by", "closing")
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
            rows.join(self._ends("ended_by", "ending"), on=["row", "ended_by"], how="left")
            .with_columns(start_days_ago=started, end_days_ago=over, end_on=pl.when(ended).then("end_on"))
            .with_columns(open=is_open)
            .drop("ended_by", "ending_days_ago", "as_of")
        )

    @property
    def facts(self) -> pl.LazyFrame:
        """Facts of the records in each view."""
        return self._carried("facts")

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
        """
        bits = {code: 1 << i for i, code in enumerate(ORGANISATIONS)}
        parties = [pl.col(c).replace_strict(bits, default=0, return_dtype=pl.Int64) for c in ("agency", "held_by")]
        told = pl.col("to_agency").replace_strict(bits, return_dtype=pl.Int64)
        viewers = self.spine["viewer"].unique().to_list()
        whose = {v: sum(bits[m] for m in members(v)) for v in viewers}
        mask = pl.col("viewer").replace_strict(whose, default=0, return_dtype=pl.Int64)
        passed = (pl.col("as_of") - pl.col("shared_at").dt.date()).dt.total_days().cast(pl.Int32)
        return (
            self._carried("sharing", parties="record")
            .with_columns(self._as_of())
            .filter(pl.col("shared_at") < pl.col("as_of").cast(pl.Datetime("us")))
            .filter(((parties[0] | parties[1] | told) & mask) != 0)
            .with_columns(shared_days_ago=passed)
            .drop("as_of")
        )

    def _own_columns(self) -> list[str]:
        return [c for c in self.contacts.columns if c not in {"record", "child_id", "child"}]

    def _of_spine(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the viewer of each row; asked for by its place, since a row is a place in the spine."""
        return frame.with_columns(viewer=pl.lit(self.spine["viewer"]).gather(pl.col("row")))

    def _as_of(self) -> pl.Expr:
        return pl.lit(self.spine["as_of"]).gather(pl.col("row")).alias("as_of")

    def _of_records(self, number: str, *columns: str) -> list[pl.Expr]:
        """Columns of contacts, by the number of a record: what nobody asks for is not fetched."""
        return [pl.lit(self.contacts[c]).gather(pl.col(number)).alias(c) for c in columns]

    def _carried(
        self, name: str, by: str = "record_id", also: str | None = None, parties: str = "current"
    ) -> pl.LazyFrame:
        """Rows of a table in every view that holds the record carrying them, with that record's id and time.

        ``agency`` and ``held_by`` are those of the record that stands for it, or (``parties="record"``) of the one
        that the row names.
        """
        numbers = self.contacts.select(pl.col("record_id").alias(by), "record")
        rows = self.tables[name].drop("child_id", strict=False).join(numbers, on=by).drop(by)
        if also is not None:
            closing = numbers.rename({by: also, "record": f"_{also}"})
            rows = rows.join(closing, on=also, how="left", maintain_order="left").drop(also).rename({f"_{also}": also})
        whole = self.held.lazy().join(rows.lazy(), on="record")
        details = [*self._of_records("current", "record_id", "time"), *self._of_records(parties, "agency", "held_by")]
        return self._of_spine(whole).with_columns(details).drop("record", "current")

    def _ends(self, column: str, prefix: str) -> pl.LazyFrame:
        """Rename records so that a second reference of a row (its closing, its end) can be looked up."""
        return self.held.lazy().select(
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


def with_identity(rows: pl.LazyFrame, same: pl.DataFrame, subject: str, column: str) -> pl.LazyFrame:
    """Put in place of each id the one it goes by on its day (``as_of``)."""
    known = same.filter(pl.col("subject") == subject).select("as_of", pl.col("id").alias(column), "same")
    if known.is_empty():
        return rows
    return rows.join(known.lazy(), on=["as_of", column], how="left").with_columns(
        pl.coalesce("same", column).alias(column)
    ).drop("same")  # fmt: skip
