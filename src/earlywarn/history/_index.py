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


_NAMING = (
    (
        ("concerns", "record_id"),
        ("concerns", "closed_by"),
        ("episodes", "started_by"),
        ("episodes", "ended_by"),
        ("people", "record_id"),
        ("sharing", "record_id"),
    ),
    (("households", "record_id"), ("facts", "record_id")),
)
"""Columns that name the records which carry rows: those of a group are mostly asked for together, and looked up so."""


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
            rows = self.records.frames[table].drop("child_id", strict=False)
            rows = rows.with_columns(record=self._named(table, by)).drop(by).drop_nulls("record")
            if also is not None:
                second = self._named(table, also).filter(self._named(table, by).is_not_null())
                rows = rows.with_columns(second)
            self._numbered[key] = rows
        return self._numbered[key]

    @cached_property
    def _numbered(self) -> dict[tuple[str, str, str | None], pl.DataFrame]:
        return {}

    def _named(self, table: str, column: str) -> pl.Series:
        """Numbers of the records that a column of a table names, null where there is no such record."""
        if (table, column) not in self._looked_up:
            together = next(room for room in _NAMING if (table, column) in room)
            ids = [self.records.frames[t][c].alias("record_id") for t, c in together]
            numbers, begins = self._numbers_of(pl.concat(ids)), np.cumsum([0, *map(len, ids)])
            for key, begin, named in zip(together, begins, ids, strict=False):
                self._looked_up[key] = numbers.slice(begin, len(named)).alias(key[1])
        return self._looked_up[table, column]

    @cached_property
    def _looked_up(self) -> dict[tuple[str, str], pl.Series]:
        return {}

    def _numbers_of(self, ids: pl.Series) -> pl.Series:
        """Join by a digest of the ids, which takes half the time that the ids take, and keep what is truly equal."""
        hits = ids.hash().to_frame("digest").with_row_index("n").join(self._digests, on="digest")
        equal = ids.gather(hits["n"]) == self.contacts["record_id"].gather(hits["record"])
        hits = hits.filter(equal)
        return pl.repeat(None, ids.len(), dtype=pl.UInt32, eager=True).scatter(hits["n"], hits["record"])

    @cached_property
    def _digests(self) -> pl.DataFrame:
        return self.contacts.select("record", digest=pl.col("record_id").hash())

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
        return np.diff(child.rle_id().to_numpy().astype(np.int64), prepend=-1).astype(bool)

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
    def _was_told(self) -> pl.Series:
        return self.carries(self.told)

    @cached_property
    def had_by(self) -> pl.Series:
        """Who raised and who holds each record, by number: one bit an organisation."""
        bits = pl.Series([1 << n if n < SIZE else 0 for n in range(len(AGENCIES))], dtype=pl.UInt32)
        return bits.gather(self.agency) | self.held_by

    @cached_property
    def held_by(self) -> pl.Series:
        """Who holds each record, by number: one bit."""
        return pl.Series([1 << n for n in range(SIZE)], dtype=pl.UInt32).gather(self._number("held_by"))

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
        known = self.contacts["known_at"].gather(record) < midnights
        bits = pl.select(pl.when(known).then(self.had_by.gather(record)).otherwise(0)).to_series()
        asked = pl.DataFrame({"record": record, "before": midnights}).with_row_index("n")
        of_told = asked.filter(self._was_told.gather(record)).join(self.told, on="record")
        told = of_told.filter(pl.col("shared_at") < pl.col("before")).group_by("n").agg(pl.col("to").bitwise_or())
        return bits.scatter(told["n"], bits.gather(told["n"]) | told["to"])


def _bits(viewer: str) -> int:
    return int(pl.DataFrame({"of": members(viewer)}).select(bit_of("of").bitwise_or()).item())
