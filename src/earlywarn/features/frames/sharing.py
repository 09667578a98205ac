"""Who told whom, and what reached social care.

- ``sharing``: acts of sharing in the view, ``days_ago`` that of the telling; ``lag_days``, how long after the record
  was known it was told; ``agency`` and ``held_by`` of the record that was told; ``tells``, whether what the record
  says was told, in full or in summary.
- ``told_pairs``: one row a pair of organisations of which one told the other within a year: ``one`` and ``other``
  (their numbers in the code list, the smaller first), ``days_ago`` of the newest telling, ``told_ids`` (what was told).
- ``concern_pairs``: of the pooled view, one row a pair of organisations that raised or hold records with concerns of
  the last year: ``one``, ``other``, ``told`` (one told the other within the year), ``days_ago`` (of the newest such
  record of the one that has been silent longer), ``record_ids`` (those records), ``told_ids``.
- ``reaching``: of the pooled view, one row a concern: ``category``, ``record_id``; ``known_for_days``, since the record
  that raised it became known; ``reached_after_days``, until social care knew it, null while it does not;
  ``withheld``, whether somebody recorded that it is kept from social care.
- ``agency_ties``: one row an agency in contact within a year: ``agency`` (its number), ``days_ago`` of its newest
  contact, ``ties`` (how many of the others told it, or were told by it, within the year), ``part`` (a number for those
  that such tellings join), ``record_ids`` (its contacts), ``told_ids``.
- ``others_days``: of the pooled view, one row a day of contact of an agency other than social care: ``agency``,
  ``lead_knows`` (social care knows a record of it), ``record_ids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import CONFERRING_EXTENTS, LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

YEAR = 365
"""Pairs and ties are those of a year: who told whom before that says little of who tells whom now."""

_IN_YEAR = pl.col("days_ago") <= YEAR
_TELLS = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
_LEAD = ORGANISATIONS.index(LEAD_AGENCY)
_PAIR = ("row", "one", "other")


def _number(column: str) -> pl.Expr:
    """Return an organisation's number in the code list; null for anybody else."""
    numbers = {code: number for number, code in enumerate(ORGANISATIONS)}
    return pl.col(column).replace_strict(numbers, default=None, return_dtype=pl.UInt8)


def _lists(frames: Frames, **lists: pl.Expr) -> dict[str, pl.Expr]:
    """Keep the lists of ids that somebody asks for: they cost more than all the rest."""
    return {name: ids for name, ids in lists.items() if frames.asks(name)}


def _sharing(frames: Frames) -> pl.DataFrame:
    """Keep acts that have happened, about records whose day has come."""
    acts = frames.look.sharing.filter(PAST).drop("days_ago").rename({"shared_days_ago": "days_ago"})
    return acts.filter(PAST).with_columns(tells=_TELLS).collect()


def _told_pairs(frames: Frames) -> pl.DataFrame:
    """Put the raiser and the holder of what was told beside whom it was told to."""
    acts = frames["sharing"].lazy().filter(_IN_YEAR & pl.col("tells"))
    ends = [
        acts.select("row", "days_ago", "record_id", teller=_number(by), told=_number("to_agency"))
        for by in ("agency", "held_by")
    ]
    two = pl.concat(ends).drop_nulls(["teller", "told"]).filter(pl.col("teller") != pl.col("told"))
    pairs = two.with_columns(one=pl.min_horizontal("teller", "told"), other=pl.max_horizontal("teller", "told"))
    ids = _lists(frames, told_ids=pl.col("record_id").unique())
    return pairs.group_by(_PAIR).agg(pl.col("days_ago").min(), **ids).sort(_PAIR).collect()


def _concern_pairs(frames: Frames) -> pl.DataFrame:
    rows = frames["concerns"].lazy().filter(_IN_YEAR & (pl.col("viewer") == POOLED))
    ends = [rows.select("row", "days_ago", "record_id", party=_number(by)) for by in ("agency", "held_by")]
    ids = _lists(frames, record_ids=pl.col("record_id").unique())
    parties = pl.concat(ends).drop_nulls("party").group_by("row", "party").agg(pl.col("days_ago").min(), **ids)
    both = parties.join(parties, on="row", suffix="_other").filter(pl.col("party") < pl.col("party_other"))
    pairs = both.select(
        "row",
        one="party",
        other="party_other",
        days_ago=pl.max_horizontal("days_ago", "days_ago_other"),
        **_lists(frames, record_ids=pl.concat_list("record_ids", "record_ids_other")),
    )
    told = frames["told_pairs"].lazy().drop("days_ago").with_columns(told=pl.lit(value=True))
    whole = pairs.join(told, on=_PAIR, how="left", maintain_order="left")
    return whole.with_columns(pl.col("told").fill_null(value=False)).collect()


def _reaching(frames: Frames) -> pl.DataFrame:
    rows = frames["concerns"].filter(pl.col("viewer") == POOLED)
    kept_back = frames["sharing"].filter((pl.col("decision") == "withheld") & (pl.col("to_agency") == LEAD_AGENCY))
    withheld = kept_back.select("row", "current", withheld=pl.lit(value=True)).unique()
    reached = rows.select("row", "days_ago", "category", "record_id", "current").hstack(
        frames.look.reached(rows, LEAD_AGENCY)
    )
    whole = reached.join(withheld, on=["row", "current"], how="left", maintain_order="left")
    return whole.with_columns(pl.col("withheld").fill_null(value=False))


def _agency_ties(frames: Frames) -> pl.DataFrame:
    """Put the agencies of all children into one graph: their parts take one pass through it."""
    ids = _lists(frames, record_ids=pl.col("record_ids").explode())
    days = frames["agency_days"].filter(_IN_YEAR)
    found = days.group_by("row", "agency").agg(pl.col("days_ago").min(), **ids).sort("row", "agency")
    agencies = found.with_row_index("node")
    nodes = agencies.select("row", "agency", "node")
    ties = (
        frames["told_pairs"]
        .join(nodes, left_on=["row", "one"], right_on=["row", "agency"])
        .join(nodes, left_on=["row", "other"], right_on=["row", "agency"], suffix="_other")
    )
    told_ids = [c for c in ("told_ids",) if c in ties.columns]
    ends = pl.concat([ties.select("node", *told_ids), ties.select(pl.col("node_other").alias("node"), *told_ids)])
    counted = ends.group_by("node").agg(pl.len().alias("ties"), *(pl.col(c).explode() for c in told_ids))
    whole = agencies.join(counted, on="node", how="left", maintain_order="left").drop("node")
    parts = _parts(agencies.height, ties["node"], ties["node_other"])
    return whole.with_columns(pl.col("ties").fill_null(0), part=parts)


def _parts(size: int, one: pl.Series, other: pl.Series) -> pl.Series:
    """Return the part of a graph that each node lies in."""
    from scipy.sparse import coo_array  # noqa: PLC0415 (slow to load, and few ask)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if not size:
        return pl.Series([], dtype=pl.Int32)
    graph = coo_array((np.ones(len(one), bool), (one.to_numpy(), other.to_numpy())), shape=(size, size))
    return pl.Series(connected_components(graph, directed=False)[1])


def _others_days(frames: Frames) -> pl.DataFrame:
    """Ask who knew a record by its number, of the few records that are asked about."""
    others = frames["contacts"].filter(_IN_YEAR & (pl.col("agency_number") != _LEAD))
    pooled = (frames.of_child("viewer") == POOLED).gather(others["row"])
    rows = others.filter(pooled).select("row", "days_ago", "record", agency="agency_number", current="record")
    known = rows.with_columns(lead_knows=(frames.look.known_to(rows) & (1 << _LEAD)) != 0)
    ids = _lists(frames, record_ids=pl.lit(frames.look.contacts["record_id"]).gather("record"))
    return (
        known.with_columns(**ids)
        .group_by("row", "days_ago", "agency", maintain_order=True)
        .agg(pl.col("lead_knows").any(), *ids)
    )


FRAMES: Mapping[str, BuildFrame] = {
    "sharing": _sharing,
    "told_pairs": _told_pairs,
    "concern_pairs": _concern_pairs,
    "reaching": _reaching,
    "agency_ties": _agency_ties,
    "others_days": _others_days,
}
CHILD: Mapping[str, BuildColumn] = {}
