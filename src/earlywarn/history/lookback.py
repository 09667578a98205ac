"""What was knowable on many days, to many viewers, at once.

`look_back` answers with frames keyed by ``row`` (one child, day and viewer) in which time is a whole number of days
before the as-of day. The rooms above count those days and never see a date.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history._index import RecordIndex
from earlywarn.history.days import as_day
from earlywarn.history.knowledge import identities, knowledge, resolve
from earlywarn.history.seen import Lookback
from earlywarn.history.viewers import POOLED, check_viewer
from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import numpy.typing as npt

    from earlywarn.records.tables import Records

__all__ = ["Lookback", "asked_days", "asked_viewers", "look_back", "viewers_before"]

ADULT_AGE_MONTHS = 18 * 12


def look_back(
    records: Records,
    as_ofs: Sequence[dt.date],
    viewers: Sequence[str],
    children: Sequence[str] | None = None,
    index: RecordIndex | None = None,
) -> Lookback:
    """Find what each viewer knew of each child before each day.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_ofs : sequence of datetime.date
        The days.
    viewers : sequence of str
        Whose knowledge.
    children : sequence of str, optional
        Only these children, by any of their ids.
    index : RecordIndex, optional
        That of these records, or of these children's, where one has been made.

    """
    days, seats = sorted(set(as_ofs)), sorted({check_viewer(v) for v in viewers})
    same = _same(records, days)
    if index is None:
        index = RecordIndex(records if children is None else records.only(_every_id(same, children)))
    owners = _owners(same, index.children, days)
    there = {day: _distinct(owners[day][index.child[index.known(POOLED, day)]], len(index.children)) for day in days}
    rows = _Rows(days, seats, there, len(index.children))
    held = _held(index, rows, owners)
    spine = rows.spine(index.children)
    return Lookback(
        spine=spine,
        held=held,
        children=_children(_lives(index.records, same, spine)),
        links=_links(records, days),
        index=index,
        same=same,
        source=records,
        viewers=tuple(seats),
        of_children=None if children is None else tuple(children),
    )


def _same(records: Records, days: Sequence[dt.date]) -> pl.DataFrame:
    known = knowledge(records) if records.frames["links"].height else pl.DataFrame()
    return identities(records, days, known)


def _every_id(same: pl.DataFrame, children: Sequence[str]) -> list[str]:
    """Ids of some children, with every id that a link known by one of the days joins to one of them."""
    of_child = same.filter(pl.col("subject") == "child")
    asked = pl.col("id").is_in(list(children)) | pl.col("same").is_in(list(children))
    mine = of_child.join(of_child.filter(asked), on=["as_of", "same"], how="semi")
    return list(dict.fromkeys([*children, *mine["id"]]))


def _owners(same: pl.DataFrame, ids: pl.Series, days: Sequence[dt.date]) -> dict[dt.date, npt.NDArray[np.int64]]:
    """For each day, the number of the child that each id, by its own number, goes by."""
    alone = np.arange(len(ids))
    owners = dict.fromkeys(days, alone)
    numbers = ids.to_frame("id").with_row_index("child")
    linked = same.filter((pl.col("subject") == "child") & (pl.col("id") != pl.col("same"))).join(numbers, on="id")
    owned = linked.join(numbers.rename({"id": "same", "child": "owner"}), on="same")
    for (day,), here in owned.group_by("as_of"):
        mine = alone.copy()
        mine[here["child"].to_numpy()] = here["owner"].to_numpy()
        owners[day] = mine
    return owners


def _distinct(numbers: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    marks = np.zeros(size, bool)
    marks[numbers] = True
    return np.flatnonzero(marks)


class _Rows:
    """Rows of the spine, in order of day, viewer and child, found by arithmetic and never by a join."""

    def __init__(
        self, days: Sequence[dt.date], seats: Sequence[str], there: dict[dt.date, npt.NDArray[np.int64]], size: int
    ) -> None:
        self.blocks = list(product(days, seats))
        self.there = there
        counts = [len(there[day]) for day, _ in self.blocks]
        self.begins = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self.rank = {day: _ranks(there[day], size) for day in days}

    def of(self, block: int, child: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows of some children in one block."""
        return np.asarray(self.begins[block] + self.rank[self.blocks[block][0]][child])

    def spine(self, ids: pl.Series) -> pl.DataFrame:
        """``row, child_id, as_of, viewer``."""
        children = [self.there[day] for day, _ in self.blocks]
        counts = [len(c) for c in children]
        block = np.repeat(np.arange(len(self.blocks)), counts)
        days, seats = (list(part) for part in zip(*self.blocks, strict=True)) if self.blocks else ([], [])
        everyone = np.concatenate([*children, np.empty(0, np.int64)])
        return pl.DataFrame(
            {
                "child_id": ids.gather(everyone),
                "as_of": pl.Series(days, dtype=pl.Date).gather(block),
                "viewer": pl.Series(seats, dtype=pl.String).gather(block),
            }
        ).with_row_index("row")


def _ranks(children: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    ranks = np.zeros(size, np.int64)
    ranks[children] = np.arange(len(children))
    return ranks


_HELD = pl.Schema({"row": pl.UInt32(), "record": pl.UInt32(), "current": pl.UInt32(), "days_ago": pl.Int32()})


def _held(index: RecordIndex, rows: _Rows, owners: dict[dt.date, npt.NDArray[np.int64]]) -> pl.DataFrame:
    """Every record each viewer held, or held a correction of, in order of rows."""
    blocks = []
    for block, (day, viewer) in enumerate(rows.blocks):
        known = index.known(viewer, day)
        seen = pl.DataFrame({"record": index.order[known].astype(np.uint32)})
        now = _standing(index, seen)
        child = owners[day][index.child[index.place[now["record"].to_numpy()]]]
        days_ago = np.datetime64(day, "D").astype(np.int32) - index.days[now["current"].to_numpy()]
        whole = now.with_columns(row=pl.Series(rows.of(block, child)), days_ago=pl.Series(days_ago)).select(*_HELD)
        blocks.append(whole.cast(_HELD).sort("row", maintain_order=True))
    held = pl.concat(blocks) if blocks else pl.DataFrame(schema=_HELD)
    return held.with_columns(pl.col("row").set_sorted())


def _standing(index: RecordIndex, seen: pl.DataFrame) -> pl.DataFrame:
    """Add to the records a viewer knew which one stands for each, where one does: few are ever corrected."""
    unchanged = seen.with_columns(current="record")
    if index.newer.is_empty():
        return unchanged
    touched = index.has_versions.gather(seen["record"])
    resolved = resolve(seen.filter(touched), index.newer).drop_nulls("current")
    return pl.concat([unchanged.filter(~touched), resolved.select(unchanged.columns)])


def _links(records: Records, days: Sequence[dt.date]) -> pl.DataFrame:
    if records.frames["links"].is_empty():
        return records.frames["links"].with_columns(as_of=pl.lit(None, pl.Date))
    known = pl.DataFrame({"as_of": days}, schema={"as_of": pl.Date})
    links = records.frames["links"].join(known, how="cross")
    return links.filter(pl.col("known_at") < pl.col("as_of").cast(pl.Datetime("us")))


LIFE = ("birth_on", "expected_birth_on", "death_on")


def _lives(records: Records, same: pl.DataFrame, spine: pl.DataFrame) -> pl.DataFrame:
    """Days of life of each row's child; where links make one child of several ids, those on which the ids agree."""
    told = records.frames["children"].select("child_id", *LIFE)
    alone = spine.select("row", "child_id", "as_of").join(told, on="child_id", how="left", maintain_order="left")
    linked = same.filter(pl.col("subject") == "child")
    if linked.is_empty():
        return alone
    said = {d: pl.col(d).drop_nulls() for d in LIFE}
    agreed = (
        linked.join(told, left_on="id", right_on="child_id", how="left")
        .group_by("as_of", child_id="same")
        .agg(*(pl.when(s.n_unique() == 1).then(s.first()).alias(f"{d}_agreed") for d, s in said.items()), linked=True)
    )
    whole = alone.join(agreed, on=["as_of", "child_id"], how="left", maintain_order="left")
    return whole.select(
        "row", "child_id", "as_of", *(pl.when("linked").then(f"{d}_agreed").otherwise(d).alias(d) for d in LIFE)
    )


def _children(lives: pl.DataFrame) -> pl.DataFrame:
    """Age and state of life on the day. A birth or death from that day on has not happened yet."""
    as_of, birth = pl.col("as_of"), pl.col("birth_on")
    months = (as_of.dt.year() - birth.dt.year()) * 12 + as_of.dt.month().cast(pl.Int32) - birth.dt.month()
    age = months - (as_of.dt.day() < birth.dt.day()).cast(pl.Int32)
    return (
        lives.with_columns(
            unborn=(birth >= as_of)
            .fill_null(birth.is_null() & (pl.col("expected_birth_on") >= as_of))
            .fill_null(value=False),
            died=(pl.col("death_on") < as_of).fill_null(value=False),
        )
        .with_columns(
            age_months=pl.when(~pl.col("unborn")).then(age.cast(pl.Int32)),
            born_days_ago=pl.when(~pl.col("unborn")).then((as_of - birth).dt.total_days().cast(pl.Int32)),
        )
        .select(
            "row",
            "age_months",
            "born_days_ago",
            "unborn",
            "died",
            adult=(pl.col("age_months") >= ADULT_AGE_MONTHS).fill_null(value=False),
        )
    )


def asked_days(as_of: str | dt.date | Sequence[str | dt.date]) -> list[dt.date]:
    """Read one as-of day or several."""
    if isinstance(as_of, Iterable) and not isinstance(as_of, str):
        return [as_day(day) for day in as_of]
    return [as_day(as_of)]


def asked_viewers(records: Records, days: Sequence[dt.date], viewers: str | Sequence[str]) -> list[str]:
    """Read the viewers asked for, each once; ``all`` are pooled and every organisation that knew a record by then.

    Raises
    ------
    ArgumentError
        One that is no viewer, or none at all.

    """
    if viewers == "all":
        return list(dict.fromkeys(viewer for day in days for viewer in viewers_before(records, day)))
    named = [check_viewer(v) for v in ([viewers] if isinstance(viewers, str) else viewers)]
    if not named:
        raise ArgumentError("No viewer is named.", expected='"pooled", "all", or organisations', fix="name one")
    return list(dict.fromkeys(named))


def viewers_before(records: Records, as_of: dt.date) -> list[str]:
    """``pooled`` and every organisation that knew a record before the day, in the order of the code list."""
    index = RecordIndex(records)
    return [POOLED, *(code for code in ORGANISATIONS if len(index.known(code, as_of)))]
