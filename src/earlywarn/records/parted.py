"""A records folder taken some children at a time, for records that do not fit into memory together.

Only Parquet is taken in parts: of a file in order of children, no more is read than the children asked for. Children
whose ids a link joins, and, where asked, children of one household, come with each other.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

CHILDREN_A_PART = 50_000
"""Some 1.5 million contacts, at thirty a child: about a gigabyte while they are worked on."""

_UNREAD = ("source", "source_row")
"""Columns that only say where a row came from; what is not checked again has no use for them."""


@dataclass(frozen=True)
class RecordsInParts:
    """A folder of Parquet tables, part by part.

    Parameters
    ----------
    folder : Path
        A records folder whose tables are ``<table>.parquet``, files or folders.
    children_a_part : int
        How many children one part has.
    households_together : bool
        Whether a part also holds the records of those who share a household with a child of it.
    checked : bool
        Ask every rule of every part, as `earlywarn.records.reading.read_records` does. Without, the folder must be one
        that this library wrote and nobody changed: what it holds is believed.

    """

    folder: Path
    children_a_part: int = CHILDREN_A_PART
    households_together: bool = False
    checked: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        if "contacts" not in self._tables:
            raise SourceError(
                f'"{self.folder}" holds no contacts as Parquet.',
                expected="contacts.parquet, a file or a folder of parts",
                fix="read the folder whole, or write its tables as Parquet with `earlywarn read`",
            )

    @cached_property
    def _tables(self) -> dict[str, pl.LazyFrame]:
        paths = {name: self.folder / f"{name}.parquet" for name in RECORD_TABLES}
        unread = () if self.checked else _UNREAD
        return {name: _scan(path, name).drop(unread, strict=False) for name, path in paths.items() if path.exists()}

    @cached_property
    def children(self) -> pl.Series:
        """Ids of all children, sorted."""
        return self._tables["contacts"].select(pl.col("child_id").unique()).collect()["child_id"].sort()

    def refuse_shared_ids(self) -> None:
        """Refuse two records of one id in different parts, which no part by itself can see.

        Raises
        ------
        SourceError
            There are such records.

        """
        ids = self._tables["contacts"].select("child_id", "record_id")
        digests = ids.select(pl.col("record_id").hash()).collect().to_series().sort()
        twice = digests.filter(digests == digests.shift(1))
        if twice.is_empty():
            return
        alike = ids.filter(pl.col("record_id").hash().is_in(twice.implode())).collect()
        number = self.children.search_sorted(alike["child_id"]) // self.children_a_part
        spread = alike.with_columns(part=number).group_by("record_id").agg(pl.col("part").n_unique())
        shared = spread.filter(pl.col("part") > 1).height
        if shared:
            raise SourceError(
                f'"{self.folder}" holds {shared:,} record ids that records of several children share.',
                expected="each record_id once",
                fix="run `earlywarn validate` on the folder: it names the rows",
            )

    def __len__(self) -> int:
        return -(-len(self.children) // self.children_a_part)

    def of(self, number: int) -> pl.Series:
        """Children of one part."""
        return self.children.slice(number * self.children_a_part, self.children_a_part)

    def part(self, number: int, only: Collection[str] | None = None) -> Records:
        """Return records of the children of one part, and of those who come with them.

        Parameters
        ----------
        number : int
            Which part, from 0.
        only : collection of str, optional
            Only these: tables, and columns of contacts. By default everything. A part that is checked comes whole.

        """
        if not self.checked:
            return Records({n: _typed(n, frame) for n, frame in self._frames(number, only).items()})
        kept = Path(self._kept.name) / str(number)
        if not kept.exists():
            accepted = records_from_frames(self._frames(number, None))
            self.refused[number] = accepted.refused
            kept.mkdir()
            for name, frame in accepted.frames.items():
                frame.write_parquet(kept / f"{name}.parquet", compression="lz4")
        return Records({path.stem: pl.read_parquet(path) for path in kept.iterdir()})

    @cached_property
    def refused(self) -> dict[int, int]:
        """How many rows of each part were refused, as far as parts have been checked."""
        return {}

    @cached_property
    def _kept(self) -> tempfile.TemporaryDirectory[str]:
        """Parts once checked: to check costs more than to read again. Its owner's alone, and gone with this object."""
        return tempfile.TemporaryDirectory(prefix="earlywarn-")

    def _frames(self, number: int, only: Collection[str] | None) -> dict[str, pl.DataFrame]:
        mine = self.of(number)
        more = self._kin.join(mine.to_frame("child_id"), on="child_id", how="semi")["kin"].unique()
        theirs = pl.col("child_id").is_between(pl.lit(mine.min()), pl.lit(mine.max()))
        wanted = theirs if more.is_empty() else theirs | pl.col("child_id").is_in(more.implode())
        asked = {n: t for n, t in self._tables.items() if only is None or n in only or n == "contacts"}
        if only is not None:
            columns = [c for c in asked["contacts"].collect_schema().names() if c in only]
            asked["contacts"] = asked["contacts"].select(columns)
        frames = {n: t.filter(wanted).collect() for n, t in asked.items() if n in _OF_CHILDREN}
        for name in asked.keys() & _OF_RECORDS:
            frames[name] = _of_records(asked[name], frames["contacts"]["record_id"])
        return frames | ({"links": self._links} if "links" in asked else {})

    @cached_property
    def _links(self) -> pl.DataFrame:
        return self._tables["links"].collect() if "links" in self._tables else RECORD_TABLES["links"].empty()

    @cached_property
    def _kin(self) -> pl.DataFrame:
        """Pairs of children whose records must be known together."""
        of_children = self._links.filter(pl.col("subject").fill_null("child") == "child")
        ends = pl.concat([of_children.select(a="child_id", b="same_as"), of_children.select(a="same_as", b="child_id")])
        kin = [_reachable(ends)]
        if self.households_together and "households" in self._tables:
            homes = self._tables["households"].select("child_id", "household_id").unique().collect()
            pairs = homes.join(homes, on="household_id", suffix="_too").filter(
                pl.col("child_id") != pl.col("child_id_too")
            )
            kin.append(pairs.select("child_id", kin="child_id_too").unique())
        return pl.concat(kin)


_OF_RECORDS = {"sharing", "facts"}
_OF_CHILDREN = set(RECORD_TABLES) - _OF_RECORDS - {"links"}


def _scan(path: Path, name: str) -> pl.LazyFrame:
    parts = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    scanned = pl.scan_parquet(parts, hive_partitioning=False)
    known = [c for c in scanned.collect_schema().names() if c in RECORD_TABLES[name].schema]
    return scanned.select(known)


def _of_records(table: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    """Rows that these records carry: of a file in order of records, little else is read."""
    near = table.filter(pl.col("record_id").is_between(pl.lit(ids.min()), pl.lit(ids.max())))
    return near.collect().join(ids.to_frame("record_id"), on="record_id", how="semi")


def _reachable(ends: pl.DataFrame) -> pl.DataFrame:
    """Pairs of ids that links join, one step or many apart."""
    pairs = ends.unique()
    while True:
        further = pairs.join(ends, left_on="b", right_on="a").select("a", b="b_right")
        more = pl.concat([pairs, further]).unique()
        if more.height == pairs.height:
            return pairs.filter(pl.col("a") != pl.col("b")).rename({"a": "child_id", "b": "kin"})
        pairs = more


def _typed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema: Sequence[tuple[str, pl.DataType]] = list(RECORD_TABLES[name].schema.items())
    return frame.select(
        pl.col(c).cast(d) if c in frame.columns else pl.lit(None, d).alias(c) for c, d in schema
    )
