"""Which adults, households and places the records of each child of a view name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import ADULT_ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.history.view import View


def _mine(view: View) -> pl.DataFrame:
    return view.lookback.spine.filter(pl.col("viewer") == view.seen_by).select("row", "child_id")


def children_of(view: View) -> pl.Series:
    """Return the children of whom the viewer knew a record, by the id they go by, sorted."""
    held = view.lookback.records.select("row").unique().collect()
    return _mine(view).join(held, on="row", how="semi")["child_id"].sort()


def ties_of(view: View, kinds: Sequence[str]) -> pl.DataFrame:
    """One row for each child and each person, household and place its records name."""
    look, never = view.lookback, pl.lit(value=False)
    named = {
        "person": look.people.filter(pl.col("role").is_in(ADULT_ROLES)).rename({"person_id": "hub"}),
        "household": look.households.rename({"household_id": "hub"}),
        "place": look.records.filter(pl.col("place_id").is_not_null()).rename({"place_id": "hub"}),
    }
    rows = [
        named[kind].select(
            "row", "hub", "record_id", "time", kind=pl.lit(kind), ended=never if kind == "place" else pl.col("ended")
        )
        for kind in kinds
    ]
    newest = pl.col("ended").sort_by("time", "record_id", ~pl.col("ended")).last()
    return (
        pl.concat(rows)
        .join(_mine(view).lazy(), on="row")
        .group_by("child_id", "kind", "hub")
        .agg(
            records=pl.col("record_id").n_unique(),
            first_at=pl.col("time").min(),
            last_at=pl.col("time").max(),
            ended=newest,
        )
        .collect()
    )
