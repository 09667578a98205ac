"""A records folder taken some children at a time, for records that do not fit into memory together.

Only Parquet is taken in parts: of a file in order of children, no more is read than the children asked for. Children
whose ids a link joins, and, where asked, children of one household, come with each other.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.loading import find_tables
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHILDREN_A_PART = 40_000
"""Some 1.2 million contacts, at thirty a child: more than a gigabyte and less than two while they are worked on."""

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
    refused : dict of int to int
        How many rows of each part were refused, as far as parts have been checked.

    """

    folder: Path
    children_a_part: int = CHILDREN_A_PART
    households_together: bool = False
    checked: bool = True
    refused: dict[int, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        if "contacts" not in self._tables:
            raise self._no_parquet("contacts")

    @cached_property
    def _tables(self) -> dict[str, pl.LazyFrame]:
        found = {name: path for name, path in find_tables(self.folder).items() if name in RECORD_TABLES}
        for name, path in found.items():
            if path.suffix.lower() != ".parquet":
                raise self._no_parquet(name)
        return {name: _scan(path, () if self.checked else _UNREAD) for name, path in found.items()}

    def _no_parquet(self, table: str) -> SourceError:
        return SourceError(
            f'"{self.folder}" holds no {table} as Parquet.',
            expected=f"{table}.parquet, a file or a folder of parts: only Parquet is taken in parts",
            fix="read the folder whole, or write its tables as Parquet with `earlywarn read`",
        )

    @cached_property
    def children(self) -> pl.Series:
        """Ids of all children, sorted."""
        return self._tables["contacts"].select(pl.col("child_id").unique()).collect()["child_id"].sort()

    def check_across(self) -> None:
        """Ask what no part by itself can see: two records of one id in different parts, rows that no record carries.

        The rows are counted among the refused.

        Raises
        ------
        SourceError
            There are such records.

        """
        ids = self._tables["contacts"].select("child_id", "record_id")
        digests = _digests(ids).sort()
        named = [_digests(self._tables[name]) for name in sorted(_OF_RECORDS & self._tables.keys())]
        self.refused[_ACROSS] = sum(int((~rows.is_in(digests.implode())).sum()) for rows in named)
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
        return ceil(len(self.children) / self.children_a_part)

    def of(self, number: int) -> pl.Series:
        """Children of one part."""
        return self.children.slice(number * self.children_a_part, self.children_a_part)

    def part(self, number: int) -> Records:
        """Return records of the children of one part, and of those who come with them.

        Of a part that is believed, a table is read when somebody asks for it.
        """
        if not self.checked:
            return Records(_Believed(self._tables, self._wanted(number)))
        kept = self._kept / str(number)
        if not kept.exists():
            accepted = records_from_frames(dict(_Believed(self._tables, self._wanted(number), typed=False)))
            self.refused[number] = accepted.refused
            kept.mkdir()
            for name, frame in accepted.frames.items():
                frame.write_parquet(kept / f"{name}.parquet", compression="lz4")
        return Records({path.stem: pl.read_parquet(path) for path in kept.iterdir()})

    def held_by(self, agency: str, number: int) -> Records:
        """Return the contacts of one part that an organisation holds, with all that correct or take back another."""
        part = self.part(number) if self.checked else None
        of_agency = (pl.col("held_by") == agency) | pl.col("follows").is_not_null()
        if part is not None:
            return Records({"contacts": part.frames["contacts"].filter(of_agency)})
        contacts = self._tables["contacts"].select(_KNOWING).filter(of_agency & self._wanted(number))
        return Records({"contacts": _typed("contacts", contacts.collect()), "links": self._links})

    @cached_property
    def _kept(self) -> Path:
        """Parts once checked: to check costs more than to read again. Its owner's alone, and gone with this object."""
        place = Path(tempfile.mkdtemp(prefix="earlywarn-"))
        weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
        return place

    def _wanted(self, number: int) -> pl.Expr:
        """Rows of one part: every row belongs to one, also of a child without contacts, or of nobody."""
        mine, child = self.of(number), pl.col("child_id")
        more = self._kin.join(mine.to_frame("child_id"), on="child_id", how="semi")["kin"].unique()
        last = number == len(self) - 1
        before_next = pl.lit(value=True) if last else child < pl.lit(self.of(number + 1)[0])
        theirs = before_next & (child >= pl.lit(mine[0])) if number else before_next | child.is_null()
        return theirs if more.is_empty() else theirs | pl.col("child_id").is_in(more.implode())

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


_ACROSS = -1
"""Stands in `refused` for rows of no part."""

_OF_RECORDS = {"sharing", "facts"}
_KNOWING = ("record_id", "child_id", "agency", "held_by", "kind", "follows", "known_at", "occurred_at")


class _Believed(Mapping[str, pl.DataFrame]):
    """Tables of some children, each read when somebody asks for it, and once."""

    def __init__(self, tables: Mapping[str, pl.LazyFrame], wanted: pl.Expr, *, typed: bool = True) -> None:
        self._tables, self._wanted, self._typed = tables, wanted, typed
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            frame = self._rows(name) if name in self._tables else RECORD_TABLES[name].empty()
            self._read[name] = _typed(name, frame) if self._typed else frame
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(RECORD_TABLES if self._typed else self._tables)

    def __len__(self) -> int:
        return len(RECORD_TABLES if self._typed else self._tables)

    def _rows(self, name: str) -> pl.DataFrame:
        if name in _OF_RECORDS:
            return _of_records(self._tables[name], self["contacts"]["record_id"])
        return (self._tables[name] if name == "links" else self._tables[name].filter(self._wanted)).collect()


def _scan(path: Path, unread: Sequence[str]) -> pl.LazyFrame:
    """Take a table as it is, unknown columns too: whether it keeps the contract is asked when a part is read."""
    parts = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    try:
        scanned = pl.scan_parquet(parts, hive_partitioning=False)
        scanned.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        raise SourceError(
            f'"{path}" cannot be read as Parquet.',
            expected="a Parquet file, or a folder of Parquet files that agree in columns and types",
            fix="export it again",
            rule="EW-F13",
        ) from None
    return scanned.drop(unread, strict=False)


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


def _digests(table: pl.LazyFrame) -> pl.Series:
    return table.select(pl.col("record_id").hash()).collect().to_series()


def _typed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema: Sequence[tuple[str, pl.DataType]] = list(RECORD_TABLES[name].schema.items())
    return frame.select(pl.col(c).cast(d) if c in frame.columns else pl.lit(None, d).alias(c) for c, d in schema)
