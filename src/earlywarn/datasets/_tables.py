"""From the ledger to the tables of the contract: order, names, dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.datasets._chance import DAY
from earlywarn.datasets._ledger import Ledger, day
from earlywarn.datasets._world import NEVER, REGIMES, World
from earlywarn.records import codes
from earlywarn.records.schema import RECORD_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

LATEST_SHARING = 21 * DAY
"""Acts of sharing are kept until so long after the history ends: as long as a record can be written late."""


@dataclass(frozen=True)
class Names:
    """The text id for each number. Records are named in the order in which they became known."""

    record: pl.Series
    child: pl.Series
    household: pl.Series
    concern: pl.Series
    episode: pl.Series


def tables(world: World, log: Ledger) -> tuple[Mapping[str, pl.DataFrame], Names]:
    """Every table in the contract's columns and dtypes, and the names given."""
    known = log.all("contacts").sort("record")["known"].to_numpy()
    ranks = np.empty(log.records, dtype=np.int64)
    ranks[np.argsort(known, kind="stable")] = np.arange(log.records)
    names = Names(
        record=_ids("r", ranks, 6),
        child=_ids("c", np.arange(world.children.height), 4),
        household=_ids("h", np.arange(world.households), 4),
        concern=_ids("k", np.arange(log.concerns), 5),
        episode=_ids("e", np.arange(log.episodes), 4),
    )
    built = {
        "contacts": _contacts(log, names),
        "concerns": _concerns(log, names),
        "sharing": _sharing(world, log, names),
        "people": _people(log, names),
        "households": _households(log, names),
        "episodes": _episodes(log, names),
        "facts": _facts(log, names),
        "children": _children(world, names),
        "identifiers": _identifiers(world, log, names),
    }
    return {name: _in_contract(name, built.get(name)) for name in RECORD_TABLES}, names


def children_truth(world: World, names: Names) -> pl.DataFrame:
    """Tell what is true of each child."""
    return world.children.select(
        child_id=names.child,
        household_id=_named(names.household, "household"),
        regime=pl.col("regime").replace_strict(dict(enumerate(REGIMES)), return_dtype=pl.String),
        need="need",
        harm="harm",
        harm_onset=pl.when(pl.col("onset") < NEVER).then(day(pl.col("onset"))),
    )


def concerns_truth(log: Ledger, names: Names) -> pl.DataFrame:
    """Tell whether each concern was about something real."""
    return log.all("concerns").select(concern_id=_named(names.concern, "concern"), real="real")


def _ids(prefix: str, order: np.ndarray, width: int) -> pl.Series:
    """Numbers from 1, at least so wide; all of one table equally wide, so that they sort as text."""
    width = max(width, len(str(len(order))))
    return prefix + pl.Series(order + 1).cast(pl.String).str.zfill(width)


def _named(ids: pl.Series, number: str) -> pl.Expr:
    return pl.lit(ids).gather(pl.col(number))


def _time(minutes: str) -> pl.Expr:
    return (pl.col(minutes) * 60_000_000).cast(pl.Datetime("us"))


def _in_contract(table: str, built: pl.DataFrame | None) -> pl.DataFrame:
    contract = RECORD_TABLES[table]
    if built is None:
        return contract.empty()
    frame = built.select(
        (pl.col(c.name) if c.name in built.columns else pl.lit(None)).cast(c.dtype).alias(c.name)
        for c in contract.columns
    )
    return frame if contract.key else frame.unique(maintain_order=True)


def _contacts(log: Ledger, names: Names) -> pl.DataFrame:
    feeds = {code: f"synthetic {agency.label} feed" for code, agency in codes.AGENCIES.items()}
    frame = log.all("contacts").with_columns(
        record_id=_named(names.record, "record"),
        child_id=_named(names.child, "child"),
        occurred_at=_time("occurred"),
        recorded_at=_time("known"),
        known_at=_time("known"),
        worker_id="w" + pl.col("worker").cast(pl.String).str.zfill(4),
        place_id="pl" + pl.col("place").cast(pl.String).str.zfill(3),
        episode_id=_named(names.episode, "episode"),
        follows=_named(names.record, "follows"),
        source=pl.col("held_by").replace_strict(feeds, return_dtype=pl.String),
    )
    return frame.sort("record_id").with_columns(source_row=pl.int_range(1, pl.len() + 1).over("source").cast(pl.String))


def _concerns(log: Ledger, names: Names) -> pl.DataFrame:
    # two processes may close one concern: the one that came first in the ledger is kept
    closings = log.all("closings").unique("concern", keep="first", maintain_order=True)
    return (
        log.all("concerns")
        .join(closings, on="concern", how="left", maintain_order="left")
        .select(
            "category",
            "severity",
            "closing",
            concern_id=_named(names.concern, "concern"),
            child_id=_named(names.child, "child"),
            record_id=_named(names.record, "record"),
            closed_by=_named(names.record, "closed_by"),
        )
    )


def _sharing(world: World, log: Ledger, names: Names) -> pl.DataFrame:
    rows = log.all("sharing").filter(pl.col("shared_at") < world.until + LATEST_SHARING)
    told = pl.col("decision") == "shared"
    turn = pl.col("record") % 5
    basis = pl.when(told & (turn < 3)).then(pl.lit("public task")).when(told & (turn == 3)).then(pl.lit("consent"))
    return rows.select(
        "to_agency",
        "decision",
        "extent",
        record_id=_named(names.record, "record"),
        shared_at=_time("shared_at"),
        basis=basis,
        told_family=pl.when(turn < 3).then(turn == 0),
    ).sort("record_id", "shared_at", "to_agency", maintain_order=True)


def _people(log: Ledger, names: Names) -> pl.DataFrame:
    return (
        log.all("people")
        .with_columns(
            child_id=_named(names.child, "child"),
            person_id="p" + (pl.col("person") + 1).cast(pl.String).str.zfill(4),
            record_id=_named(names.record, "record"),
        )
        .sort("record_id", "person_id")
    )


def _households(log: Ledger, names: Names) -> pl.DataFrame:
    return (
        log.all("households")
        .with_columns(
            child_id=_named(names.child, "child"),
            household_id=_named(names.household, "household"),
            record_id=_named(names.record, "record"),
        )
        .sort("record_id")
    )


def _episodes(log: Ledger, names: Names) -> pl.DataFrame:
    return log.all("episodes").with_columns(
        episode_id=_named(names.episode, "episode"),
        child_id=_named(names.child, "child"),
        started_by=_named(names.record, "started_by"),
        ended_by=_named(names.record, "ended_by"),
    )


def _facts(log: Ledger, names: Names) -> pl.DataFrame:
    return log.all("facts").with_columns(record_id=_named(names.record, "record")).sort("record_id", "key", "value")


def _children(world: World, names: Names) -> pl.DataFrame:
    born = day(pl.col("born"))
    return world.children.select(
        child_id=names.child,
        birth_on=pl.when(~pl.col("unborn")).then(born),
        expected_birth_on=pl.when(pl.col("unborn")).then(born),
        death_on=pl.when(pl.col("died")).then(day(pl.col("closes") - 1)),
    )


TEST_NUMBERS = 500_000
"""How many of the numbers kept for tests (999 …) are given out; children beyond have none."""


def _nhs_number() -> pl.Expr:
    """Return a number kept for tests, with the right last digit; of an even body and the next odd one, one has it."""
    even = 999_000_000 + pl.col("child") * 2
    body = even + (_last_digit(even) == 10).cast(pl.Int64)
    return body.cast(pl.String) + _last_digit(body).cast(pl.String)


def _last_digit(body: pl.Expr) -> pl.Expr:
    weighted = pl.sum_horizontal(*(body // 10**place % 10 * (place + 2) for place in range(9)))
    return (11 - weighted % 11) % 11


def _identifiers(world: World, log: Ledger, names: Names) -> pl.DataFrame:
    """Give numbers to the children the authority knows, and with numbers no NHS issues nearly all who are born."""
    ours = log.all("contacts").filter(pl.col("held_by") == "social_care").select("child").unique().sort("child")
    local = ours.select(
        "child", scheme=pl.lit("la_child_id"), value="LA" + (pl.col("child") * 7 + 100003).cast(pl.String)
    )
    numbered = ~pl.col("unborn") & (pl.col("child") % 20 != 0) & (pl.col("child") < TEST_NUMBERS)
    health = world.children.filter(numbered).select("child", scheme=pl.lit("nhs_number"), value=_nhs_number())
    return pl.concat([local, health]).with_columns(child_id=_named(names.child, "child")).sort("child_id", "scheme")
