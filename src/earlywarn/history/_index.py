"""Records in small numbers, in order of their children: what many days and viewers are looked up in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.history._agency_bits import SIZE, bit_of
from earlywarn.history.days import midnight
from earlywarn.history.knowledge import corrections, indexed_contacts
from earlywarn.history.viewers import members
from earlywarn.records.codes import AGENCIES, CONFERRING_EXTENTS

if TYPE_CHECKING:
    import datetime as dt

    import numpy.typing as npt

    from earlywarn.records.tables import Records

    Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RecordIndex:
    """Every record with a number, and the numbers in order of the children the records are of.

    A *place* is where a record stands in that order. What a viewer knew before a day is a sorted array of places, so
    everything that comes of it lies in order of the children and is never sorted again.

    Parameters
    ----------
    records : Records
        What agencies wrote.

    """

    records: Records

    @cached_property
    def contacts(self) -> pl.DataFrame:
        """All contacts with ``record``, the number, and ``time``: when it happened, or, where not said, was known."""
        return indexed_contacts(self.records).with_columns(time=pl.coalesce("occurred_at", "known_at"))

    def numbered(self, table: str, by: str = "record_id", also: str | None = None) -> pl.DataFrame:
        """Rows of a table with the number of the record that carries each.

        Parameters
        ----------
        table : str
            Its name.
        by : str, default "record_id"
            The column that names the carrying record; ``record`` takes its place.
        also : str, optional
            A column that names a second record: its number takes its place, null where it is not among the records.

        """
        key = (table, by, also)
        if key not in self._numbered:
            numbers = self.contacts.select(pl.col("record_id").alias(by), "record")
            numbers = numbers.clear() if self.records.frames[table].is_empty() else numbers
            rows = self.records.frames[table].drop("child_id", strict=False).join(numbers, on=by).drop(by)
            self._numbered[key] = rows if also is None else _also(rows, numbers.rename({by: also}), also)
        return self._numbered[key]

    @cached_property
    def _numbered(self) -> dict[tuple[str, str, str | None], pl.DataFrame]:
        return {}

    def carries(self, rows: pl.DataFrame) -> pl.Series:
        """Whether each record, by number, carries one of some rows."""
        marks = np.zeros(self.contacts.height, bool)
        marks[rows["record"].to_numpy()] = True
        return pl.Series(marks)

    @cached_property
    def order(self) -> Places:
        """Numbers of the records, by place."""
        child = self.contacts["child_id"]
        if child.is_sorted():
            return np.arange(child.len())
        return child.arg_sort().to_numpy().astype(np.int64)

    @cached_property
    def place(self) -> Places:
        """Places of the records, by number."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(self.order))
        return places

    @cached_property
    def _begins(self) -> npt.NDArray[np.bool_]:
        child = self.contacts["child_id"].gather(self.order)
        return (child != child.shift(1)).fill_null(value=True).to_numpy()

    @cached_property
    def children(self) -> pl.Series:
        """Ids of the children, sorted; a child's number is where its id stands."""
        return self.contacts["child_id"].gather(self.order[self._begins])

    @cached_property
    def child(self) -> Places:
        """Number of the child, by place."""
        return np.cumsum(self._begins) - 1

    @cached_property
    def _known_at(self) -> npt.NDArray[np.datetime64]:
        return self.contacts["known_at"].to_numpy()[self.order]

    @cached_property
    def days(self) -> npt.NDArray[np.int32]:
        """Day on which each record happened, by number, as days since 1970."""
        return self.contacts["time"].dt.date().to_physical().to_numpy()

    @cached_property
    def newer(self) -> pl.DataFrame:
        """From `earlywarn.history.knowledge.corrections`."""
        return corrections(self.contacts)

    @cached_property
    def has_versions(self) -> pl.Series:
        """Whether each record, by number, corrects another or is corrected."""
        return self.carries(self.newer) | self.carries(self.newer.select(record="by"))

    @cached_property
    def told(self) -> pl.DataFrame:
        """Acts that tell an organisation what a record says: ``record, to`` (its bit), ``shared_at``."""
        confers = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
        acts = self.numbered("sharing").filter(confers)
        return acts.select("record", bit_of("to_agency").alias("to"), "shared_at").filter(pl.col("to") != 0)

    @cached_property
    def had_by(self) -> pl.Series:
        """Who raised and who holds each record, by number: one bit an organisation."""
        bits = pl.Series([1 << n if n < SIZE else 0 for n in range(len(AGENCIES))], dtype=pl.UInt32)
        return bits.gather(self.agency) | bits.gather(self._number("held_by"))

    @cached_property
    def agency(self) -> pl.Series:
        """Number of each record's agency in the code list, by number of the record: organisations come first."""
        return self._number("agency")

    def _number(self, column: str) -> pl.Series:
        return self.contacts[column].cast(pl.Enum(list(AGENCIES))).to_physical()

    def known(self, viewer: str, day: dt.date) -> Places:
        """Places of the records a viewer knew before a day, in order: the one comparison this library rests on.

        An organisation knows what it raised or holds from ``known_at``, and what it was told of from ``shared_at``,
        which is never before.
        """
        before = np.datetime64(midnight(day), "us")
        own = self._own(viewer)
        here = np.flatnonzero(own & (self._known_at < before))
        if own.all():
            return here  # as for pooled: nothing is left to be told of
        told = self.told.filter((pl.col("to") & _bits(viewer)) != 0, pl.col("shared_at") < midnight(day))["record"]
        others = np.unique(self.place[told.to_numpy()])
        others = others[~own[others]]
        return np.insert(here, np.searchsorted(here, others), others) if len(others) else here

    @cached_property
    def _owned(self) -> dict[str, npt.NDArray[np.bool_]]:
        return {}

    def _own(self, viewer: str) -> npt.NDArray[np.bool_]:
        """Whether the viewer raised or holds each record, by place."""
        if viewer not in self._owned:
            own = (self.had_by & _bits(viewer)) != 0
            self._owned[viewer] = own.to_numpy()[self.order]
        return self._owned[viewer]

    def first_known(self, agency: str) -> pl.Series:
        """When an organisation first knew each record, by number: null where it never did."""
        own = self.contacts.select("record", own=pl.when((self.had_by & _bits(agency)) != 0).then("known_at"))
        told = self.told.filter((pl.col("to") & _bits(agency)) != 0).group_by("record").agg(pl.col("shared_at").min())
        whole = own.join(told, on="record", how="left", maintain_order="left")
        return whole.select(pl.min_horizontal("own", "shared_at")).to_series()

    def known_to(self, record: pl.Series, midnights: pl.Series) -> pl.Series:
        """Who knew each of some records before a midnight of its own: one bit an organisation.

        Parameters
        ----------
        record, midnights : polars.Series
            Numbers of records, and the moment before which each is asked about.

        """
        asked = pl.DataFrame({"record": record, "before": midnights}).with_row_index("n")
        known = self.contacts["known_at"].gather(record) < midnights
        bits = pl.select(pl.when(known).then(self.had_by.gather(record)).otherwise(0)).to_series()
        told = asked.join(self.told, on="record").filter(pl.col("shared_at") < pl.col("before"))
        more = asked.select("n").join(
            told.group_by("n").agg(pl.col("to").bitwise_or()), on="n", how="left", maintain_order="left"
        )
        return bits | more["to"].fill_null(0)


def _also(rows: pl.DataFrame, numbers: pl.DataFrame, also: str) -> pl.DataFrame:
    second = numbers.rename({"record": "__second"})
    joined = rows.join(second, on=also, how="left", maintain_order="left")
    return joined.drop(also).rename({"__second": also})


def _bits(viewer: str) -> int:
    return int(pl.DataFrame({"of": members(viewer)}).select(bit_of("of").bitwise_or()).item())
