"""The quality of a records folder, before anything is counted: how full, how late, how far back, and what looks odd.

Nothing here judges a child, a family or a worker, and none is named. Each remark says what the records show, and what
that may mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from earlywarn.records.codes import CONCERNS, COUNTED_CONCERNS
from earlywarn.records.conflicts import identity_conflicts
from earlywarn.records.feeds import FEED, feed_column, feeds, loads, with_feed
from earlywarn.records.remarks import Remark, remarks
from earlywarn.records.tables import Account, as_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from earlywarn.records.tables import Records

READ_FILE = "read.json"
"""What ``earlywarn read`` leaves beside the tables: the account of the original sources, and its notes."""

CELLS = (
    "occurred_at",
    "recorded_at",
    "planned",
    "attendance",
    "child_seen",
    "seen_alone",
    "worker_id",
    "outcome",
)
"""Columns of ``contacts`` whose filling is told, as a share of a feed's records."""

HUB_CHILDREN: Mapping[str, int] = {"worker": 100, "person": 30, "household": 20}
"""One id on at least this many children, and ..."""

HUB_TIMES = 10
"""... on this many times as many as the median id of its kind and feed, is a hub."""


class Before(NamedTuple):
    """What ``earlywarn read`` said of the original sources."""

    account: tuple[Account, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quality:
    """How good the records of a folder are, as frames without a child, a worker or an identifier.

    Parameters
    ----------
    children, holders, children_without_birth : int
        How many children have a record, how many agencies hold one, and how many of the children have neither a day
        of birth nor an expected one.
    feeds : polars.DataFrame
        One line a feed: what `earlywarn.records.feeds.feeds` returns, and ``refused``, its refused rows of
        ``contacts``.
    told_apart_by : str
        ``source``, or ``held_by`` where there are more sources than a page has room for.
    coverage : polars.DataFrame
        ``feed, field, share``: how many of a feed's records fill a field; of its concerns for ``severity`` and
        ``closable``. Null where there is nothing to fill.
    basis : polars.DataFrame
        ``feed, basis, share``: how the time at which a record became known was obtained.
    loads, hubs, conflicts, local_concerns : polars.DataFrame
        Backdated loads; ``feed, what, ids, children`` of ids on very many children; ``kind, count`` of identity
        conflicts; ``feed, count`` of concerns under a local code, which nothing counts.
    account, before : tuple of Account, Before
        What became of every row of the folder, and of the original sources.
    caveats : tuple of str
        What of these records this version does not use.

    """

    children: int
    holders: int
    children_without_birth: int
    feeds: pl.DataFrame
    told_apart_by: str
    coverage: pl.DataFrame
    basis: pl.DataFrame
    loads: pl.DataFrame
    hubs: pl.DataFrame
    conflicts: pl.DataFrame
    local_concerns: pl.DataFrame
    account: tuple[Account, ...]
    before: Before
    caveats: tuple[str, ...]

    def remarks(self) -> list[Remark]:
        """Say what a person should know of these records, in plain words."""
        return remarks(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: frames as lists of rows, days as ISO text. The folder's account is told beside it."""
        said = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "account"}
        return {**said, "remarks": [r._asdict() for r in self.remarks()]}


def quality(records: Records, folder: Path | None = None) -> Quality:
    """Look at records as a whole.

    Parameters
    ----------
    records : Records
        What agencies wrote, with its account and quarantine.
    folder : Path, optional
        Where they lie: ``read.json`` beside the tables tells what became of the original sources' rows.

    Returns
    -------
    Quality
        Frames, and `Quality.remarks` in words.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> found = quality(load_example())
    >>> found.children, found.feeds.height, found.hubs.height
    (239, 14, 0)

    """
    contacts = with_feed(records)
    by = feed_column(contacts)
    return Quality(
        children=records.children,
        holders=contacts["held_by"].n_unique(),
        children_without_birth=_without_birth(records),
        feeds=feeds(contacts).join(_refused(records, by, contacts), on=FEED, how="left", maintain_order="left"),
        told_apart_by=by,
        coverage=_coverage(records, contacts),
        basis=_basis(contacts),
        loads=loads(contacts),
        hubs=_hubs(records, contacts),
        conflicts=identity_conflicts(records.frames).group_by("kind").agg(count=pl.len()).sort("kind"),
        local_concerns=_local_concerns(records, contacts),
        account=records.account,
        before=read_before(folder) if folder else Before(),
        caveats=tuple(records.caveats()),
    )


def read_before(folder: Path) -> Before:
    """Read what ``earlywarn read`` left beside the tables; nothing where there is no such file, or a broken one."""
    try:
        said = json.loads((folder / READ_FILE).read_text(encoding="utf-8"))
        account = tuple(_account(entry) for entry in said["account"])
        return Before(account, tuple(str(note) for note in said["notes"]))
    except FileNotFoundError:
        return Before()
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return Before(notes=(f"{READ_FILE} beside the tables cannot be read: read the sources again",))


def _account(entry: dict[str, Any]) -> Account:
    """Take an entry as it was written; anything that is no count or no text is no entry."""
    counts = ("read", "accepted", "quarantined", "collapsed")
    if any(type(entry[name]) is not int for name in counts):
        raise TypeError
    return Account(str(entry["source"]), str(entry["table"]), *(entry[name] for name in counts))


def _plain(value: Any) -> Any:
    if isinstance(value, pl.DataFrame):
        return value.with_columns(pl.col(pl.Date).cast(pl.String)).to_dicts()
    if isinstance(value, Before):
        return {"account": as_rows(value.account), "notes": list(value.notes)}
    return list(value) if isinstance(value, tuple) else value


def _without_birth(records: Records) -> int:
    born = pl.coalesce("birth_on", "expected_birth_on").is_not_null()
    told = records.frames["children"].filter(born).select("child_id")
    return records.frames["contacts"].select("child_id").unique().join(told, on="child_id", how="anti").height


def _refused(records: Records, by: str, contacts: pl.DataFrame) -> pl.DataFrame:
    """Count refused rows of contacts by feed; a row whose feed cannot be told, or is no known one, is in none."""
    refused = records.quarantine.filter((pl.col("table") == "contacts") & pl.col("content").str.starts_with("{"))
    name = refused.select(pl.col("content").str.json_path_match(f"$.{by}").alias(by))
    names = contacts.select(by, FEED).unique()
    counted = name.join(names, on=by).group_by(FEED).agg(refused=pl.len())
    return (
        contacts.select(FEED).unique().join(counted, on=FEED, how="left").with_columns(pl.col("refused").fill_null(0))
    )


def _coverage(records: Records, contacts: pl.DataFrame) -> pl.DataFrame:
    """Share of a feed's records that fill each field."""
    cells = contacts.group_by(FEED).agg(pl.col(c).is_not_null().mean() for c in CELLS)
    carried = [
        _carrying(records.frames[table], contacts).rename({"share": table})
        for table in ("concerns", "sharing", "people")
    ]
    wide = cells
    for part in [*carried, _of_concerns(records, contacts)]:
        wide = wide.join(part, on=FEED, how="left")
    filled = wide.sort(FEED).with_columns(pl.col("concerns", "sharing", "people").fill_null(0.0))
    return filled.unpivot(index=FEED, variable_name="field", value_name="share").select(FEED, "field", "share")


def _carrying(frame: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Share of records that carry at least one row of a table."""
    carriers = contacts.select("record_id", FEED).join(frame.select("record_id").unique(), on="record_id", how="semi")
    counted = carriers.group_by(FEED).agg(carrying=pl.len())
    whole = contacts.group_by(FEED).agg(records=pl.len())
    return whole.join(counted, on=FEED).select(FEED, share=pl.col("carrying") / pl.col("records"))


def _of_concerns(records: Records, contacts: pl.DataFrame) -> pl.DataFrame:
    """Of the concerns that are counted: how many are graded, and how many are of a source that can conclude them."""
    counted = records.frames["concerns"].filter(pl.col("category").is_in(COUNTED_CONCERNS))
    placed = counted.join(contacts.select("record_id", FEED), on="record_id")
    return placed.group_by(FEED).agg(
        severity=pl.col("severity").is_not_null().mean(), closable=(pl.col("closing") == "recorded").mean()
    )


def _basis(contacts: pl.DataFrame) -> pl.DataFrame:
    counted = contacts.group_by(FEED, "recorded_basis").agg(records=pl.len())
    share = pl.col("records") / pl.col("records").sum().over(FEED)
    return counted.select(FEED, basis="recorded_basis", share=share).sort(
        FEED, "share", "basis", descending=[False, True, False]
    )


def _hubs(records: Records, contacts: pl.DataFrame) -> pl.DataFrame:
    """Find ids on very many children: a shared mailbox, a placeholder, a children's home. No id is kept."""
    of_record = contacts.select("record_id", FEED)
    held = {
        "worker": contacts.select(FEED, "child_id", id="worker_id").drop_nulls("id"),
        "person": records.frames["people"].join(of_record, on="record_id").select(FEED, "child_id", id="person_id"),
        "household": records.frames["households"]
        .join(of_record, on="record_id")
        .select(FEED, "child_id", id="household_id"),
    }
    found = [_hubs_of(rows, HUB_CHILDREN[what]).with_columns(what=pl.lit(what)) for what, rows in held.items()]
    return pl.concat(found).select(FEED, "what", "ids", "children").sort(FEED, "what")


def _hubs_of(rows: pl.DataFrame, fewest: int) -> pl.DataFrame:
    linked = rows.unique().group_by(FEED, "id").agg(children=pl.len())
    usual = pl.col("children").quantile(0.5, "lower").over(FEED)
    alone = pl.len().over(FEED) == 1
    hub = (pl.col("children") >= fewest) & (alone | (pl.col("children") >= HUB_TIMES * usual))
    return linked.filter(hub).group_by(FEED).agg(ids=pl.len(), children=pl.col("children").max())


def _local_concerns(records: Records, contacts: pl.DataFrame) -> pl.DataFrame:
    local = records.frames["concerns"].filter(~pl.col("category").is_in(list(CONCERNS)))
    placed = local.join(contacts.select("record_id", FEED), on="record_id")
    return placed.group_by(FEED).agg(count=pl.len()).sort(FEED)
