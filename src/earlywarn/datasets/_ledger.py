"""Where the agencies of the make-believe world write, and how it becomes tables that keep the contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.datasets._chance import DAY, by_morning, lag
from earlywarn.records import codes

if TYPE_CHECKING:
    import numpy as np

    from earlywarn.datasets._world import World

Cell = str | bool | None | pl.Expr | pl.Series

_TEXT, _FLAG, _NUMBER = pl.String(), pl.Boolean(), pl.Int64()
CELLS: dict[str, pl.DataType] = {
    "agency": _TEXT,
    "held_by": _TEXT,
    "org_id": _TEXT,
    "kind": _TEXT,
    "about": _TEXT,
    "mode": _TEXT,
    "planned": _FLAG,
    "attendance": _TEXT,
    "child_seen": _FLAG,
    "seen_alone": _FLAG,
    "occurred": _NUMBER,
    "occurred_precision": _TEXT,
    "recorded_basis": _TEXT,
    "worker": _NUMBER,
    "place": _NUMBER,
    "episode": _NUMBER,
    "outcome": _TEXT,
    "handling": _TEXT,
}
"""What may be said of a record. People, workers, episodes and records are numbers until the end."""

TO_THE_MINUTE = ("police", "emergency")
WITH_SITES = ("school", "gp", "early_years", "health_visiting")
ABOUT_HARM = tuple(c for c, concern in codes.CONCERNS.items() if concern.group in ("harm", "harm_outside_home"))
UNCONCLUDED = ("school", "gp")
"""Agencies whose records have no place for a conclusion."""


def day(minutes: pl.Expr) -> pl.Expr:
    """Turn a time in minutes into its day."""
    return (minutes // DAY).cast(pl.Int32).cast(pl.Date)


@dataclass
class Ledger:
    """Every row written so far. ``rng`` draws the recording delays, which are a process of their own."""

    world: World
    rng: np.random.Generator
    records: int = 0
    concerns: int = 0
    episodes: int = 0
    parts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Keep rows of a table."""
        self.parts.setdefault(table, []).append(rows)

    def all(self, table: str) -> pl.DataFrame:
        """Every row of a table so far, in the order written."""
        return pl.concat(self.parts[table])

    def write(
        self,
        events: pl.DataFrame,
        *,
        into: str = "record",
        follows: str | None = None,
        after: str | None = None,
        **cells: Cell,
    ) -> pl.DataFrame:
        """One record for each event that falls in the child's time; the events written, with their records.

        The number of the record goes into the column ``into``, and when it was known into ``<into>_known``.
        ``follows`` is such a column of an earlier write: nobody can conclude what nobody yet knew. ``after`` is one
        that is only known earlier.
        """
        given = {f"_{key}": pl.lit(v) if isinstance(v, str | bool | None) else v for key, v in cells.items()}
        rows = events.with_columns(**given).filter(pl.col("at").is_between("opens", "closes", closed="left"))
        known = pl.col("at") + pl.Series(lag(self.rng, rows.height))
        known = pl.when(pl.col("_agency").is_in(TO_THE_MINUTE)).then(known).otherwise(by_morning(known))
        earlier = follows or after
        floor = pl.col(f"{earlier}_known") + 1 if earlier else known
        numbered = pl.int_range(self.records, self.records + rows.height, dtype=pl.Int64)
        # `follows` may be the very column written to, so it is set aside first
        rows = rows.with_columns(_follows=pl.col(follows) if follows else pl.lit(None, pl.Int64))
        rows = rows.with_columns(numbered.alias(into), pl.max_horizontal(known, floor).alias(f"{into}_known"))
        self.records += rows.height
        self.add("contacts", _as_contacts(rows, into, cells))
        return rows.drop("_follows", *given)

    def concern(self, raised: pl.DataFrame, severity: pl.Series | None = None) -> pl.DataFrame:
        """One concern in each record; ``category`` and ``holder`` are columns, the number comes in ``concern``."""
        harmed = pl.col("harm") & (pl.col("at") >= pl.col("onset"))
        rows = raised.with_columns(
            concern=pl.int_range(self.concerns, self.concerns + raised.height, dtype=pl.Int64),
            severity=pl.lit(None, pl.Int64) if severity is None else severity.cast(pl.Int64),
            closing=pl.when(pl.col("holder").is_in(UNCONCLUDED))
            .then(pl.lit("not_recordable"))
            .otherwise(pl.lit("recorded")),
            real=pl.when(pl.col("category").is_in(ABOUT_HARM)).then(harmed).otherwise(pl.col("need") > 0.4),
        )
        self.concerns += rows.height
        self.add("concerns", rows.select("concern", "child", "record", "category", "severity", "closing", "real"))
        return rows

    def close(self, concluded: pl.DataFrame, by: str = "record") -> None:
        """Let the record in column ``by`` close the concern of each row."""
        self.add("closings", concluded.select("concern", closed_by=pl.col(by)))

    def fact(self, rows: pl.DataFrame, key: str, value: Cell, record: str = "record") -> None:
        """One further detail of each record."""
        said = pl.lit(value) if isinstance(value, str) else value
        self.add("facts", rows.select(record=pl.col(record), key=pl.lit(key), value=said))

    def share(
        self, rows: pl.DataFrame, to: Cell, at: pl.Expr, *, decision: Cell, extent: Cell, record: str = "record"
    ) -> None:
        """Tell one agency of each record."""
        said = {"to_agency": to, "decision": decision, "extent": extent}
        given = {key: pl.lit(v) if isinstance(v, str) else v for key, v in said.items()}
        self.add("sharing", rows.select(record=pl.col(record), shared_at=at, **given))

    def begin(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give each row the number of a new episode, in the column ``episode``."""
        rows = rows.with_columns(episode=pl.int_range(self.episodes, self.episodes + rows.height, dtype=pl.Int64))
        self.episodes += rows.height
        return rows

    def latent(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add what is true of each row's child."""
        return rows.join(self.world.children, on="child", how="left", maintain_order="left")


def _as_contacts(rows: pl.DataFrame, into: str, cells: dict[str, Cell]) -> pl.DataFrame:
    said = {
        key: (pl.col(f"_{key}") if key in cells else pl.lit(None)).cast(dtype).alias(key)
        for key, dtype in CELLS.items()
    }
    exact = pl.col("_agency").is_in(TO_THE_MINUTE)
    if "occurred" not in cells:
        said["occurred"] = pl.when(exact).then("at").otherwise(pl.col("at") // DAY * DAY)
    said["held_by"] = (pl.col("_held_by") if "held_by" in cells else pl.col("_agency")).alias("held_by")
    if "recorded_basis" not in cells:
        said["recorded_basis"] = pl.lit("source")
    if "about" not in cells:
        said["about"] = pl.lit("child")
    said["org_id"] = pl.when(pl.col("_agency").is_in(WITH_SITES)).then(
        pl.format("{}-{}", "_agency", pl.col("household") % pl.col("sites") + 1)
    )
    held = rows.select(
        record=pl.col(into), child="child", at="at", known=pl.col(f"{into}_known"), follows=pl.col("_follows"), **said
    )
    precision = (
        pl.when(pl.col("occurred").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("agency").is_in(TO_THE_MINUTE))
        .then(pl.lit("instant"))
        .otherwise(pl.lit("day"))
    )
    return held.with_columns(occurred_precision=precision)
