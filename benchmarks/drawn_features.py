"""Records in which every core feature takes many values: those of `drawn`, and what features read besides.

Kinds, attendance, whether the child was seen, outcomes; a concern for every six contacts and what concluded it;
episodes; days of birth. The rules of the contract are kept. `write_records` writes a folder in parts of whole
children, in order of child, so that a million children are drawn in little memory.

    python benchmarks/drawn_features.py CHILDREN FOLDER [SEED]
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from drawn import AS_OF, draw_records

from earlywarn.records.codes import CONCERNS, LEAD_AGENCY
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PART = 62_500
"""Children of one part of a folder; sixteen parts make a million."""

IDS = ("record_id", "child_id", "follows", "place_id", "concern_id", "closed_by", "person_id", "household_id",
       "episode_id", "started_by", "ended_by")  # fmt: skip
"""Columns that name something of one part alone; workers go from part to part."""

KINDS = {"contact": 28, "visit": 22, "encounter": 15, "appointment": 14, "incident": 5, "assessment": 4, "referral": 4,
         "missing": 2, "exclusion": 2, "strategy_discussion": 2, "other": 2}  # fmt: skip
LEAD_KINDS = {"referral": 26, "involvement_start": 14, "visit": 22, "contact": 18, "assessment": 10, "other": 10}
MET = ("visit", "encounter", "appointment")
ATTENDANCE = {"attended": 66, "was_not_brought": 12, "no_access": 6, "cancelled": 4, None: 12}
MODES = {"in_person": 55, "phone": 20, "online": 4, "paper": 6, None: 15}
OUTCOMES = {None: 66, "no_further_action": 10, "advice": 8, "assessment": 8, "early_help": 4, "closed": 4}
ABOUT = {"child": 80, "household": 14, "carer": 6}
EPISODES = {"early_help": 25, "child_in_need": 45, "protection_plan": 18, "looked_after": 12}


def monthly(days: int) -> list[dt.date]:
    """Return so many first days of a month, the last of them the as-of day of the records."""
    months = (AS_OF.year * 12 + AS_OF.month - 1 - back for back in reversed(range(days)))
    return [dt.date(month // 12, month % 12 + 1, 1) for month in months]


def draw_feature_records(children: int, seed: int = 7) -> Records:
    """Records of so many children, in order of child, on which every core feature takes many values."""
    base = draw_records(children, seed).frames
    draw = np.random.default_rng([seed, children])
    births = _births(draw, base["contacts"]["child_id"].unique().sort())
    contacts = _varied(draw, base["contacts"], births)
    concerns, conclusions = _concerns(draw, contacts)
    whole = pl.concat([contacts, conclusions]).sort("child_id", "known_at", "record_id")
    tables = {"concerns": concerns, "episodes": _episodes(draw, contacts), "people": _people(draw, base, contacts)}
    return Records({**base, "contacts": whole, "children": births, **tables})


def write_records(children: int, folder: Path, seed: int = 7, part: int = PART) -> None:
    """Write a contract folder, each table in parts of so many children, in order of child."""
    for number, first in enumerate(range(0, children, part)):
        records = draw_feature_records(min(part, children - first), seed + number)
        for name, frame in records.frames.items():
            place = folder / f"{name}.parquet" / f"part-{number:03}.parquet"
            if not frame.is_empty():
                place.parent.mkdir(parents=True, exist_ok=True)
                named = ((f"{number:02}" + pl.col(c)).alias(c) for c in IDS if c in frame.columns)
                frame.with_columns(named).write_parquet(place)


def _one_of(draw: np.random.Generator, rows: int, weights: Mapping[Any, int]) -> pl.Series:
    share = np.array([*weights.values()], float)
    picked = np.searchsorted(np.cumsum(share / share.sum()), draw.random(rows), side="right")
    return pl.Series([*weights], dtype=pl.String)[picked]


def _births(draw: np.random.Generator, children: pl.Series) -> pl.DataFrame:
    """Most are born before their first record; one in sixteen in its last two years, or not yet."""
    rows = len(children)
    young = draw.random(rows) < 1 / 16
    ago = np.where(young, draw.integers(-150, 700, rows), draw.integers(1100, 16 * 365, rows))
    day = pl.Series(np.datetime64(AS_OF) - ago)
    told = pl.DataFrame({"child_id": children, "day": day, "young": young, "born": ago > 0})
    return told.select(
        "child_id",
        birth_on=pl.when("born").then("day"),
        expected_birth_on=pl.when("young").then("day"),
        death_on=pl.lit(None, pl.Date),
    )


def _varied(draw: np.random.Generator, contacts: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    """What kind each record is and what it says; before a child is born, records are about the household."""
    rows = contacts.height
    lead, fixed = pl.col("held_by") == LEAD_AGENCY, pl.col("kind") == "withdrawal"
    kinds = pl.when(lead).then(_one_of(draw, rows, LEAD_KINDS)).otherwise(_one_of(draw, rows, KINDS))
    young = births.filter(pl.col("expected_birth_on").is_not_null())["child_id"].implode()
    said, seen, undated = draw.random(rows), draw.random(rows) < 0.72, draw.random(rows) < 0.02
    met = pl.col("kind").is_in(MET)
    varied = contacts.with_columns(
        kind=pl.when(fixed).then("kind").otherwise(kinds),
        mode=_one_of(draw, rows, MODES),
        outcome=_one_of(draw, rows, OUTCOMES),
        about=pl.when(pl.col("child_id").is_in(young)).then(pl.lit("household")).otherwise(_one_of(draw, rows, ABOUT)),
        planned=pl.when("planned").then(True).when(pl.lit(pl.Series(said < 0.8))).then(pl.lit(pl.Series(said < 0.35))),
        occurred_at=pl.when(~pl.lit(pl.Series(undated))).then("occurred_at"),
    )
    attended = pl.when(met | (pl.col("outcome") == "advice")).then(_one_of(draw, rows, ATTENDANCE))
    asked = met & (pl.lit(pl.Series(said > 0.25)))
    return varied.with_columns(attendance=attended, child_seen=pl.when(asked).then(pl.lit(pl.Series(seen))))


def _concerns(draw: np.random.Generator, contacts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Concerns of a sixth of the records, a few categories a child, and the records that conclude half of them."""
    later = pl.col("record_id").shift(-2).over("child_id")
    raised = contacts.with_columns(later=later).filter(pl.Series(draw.random(contacts.height) < 1 / 6))
    rows = raised.height
    kind = pl.col("child_id").rle_id() * 5 + pl.Series(draw.integers(0, 4, rows) ** 2, dtype=pl.UInt32)
    recorded, ended, apart = (pl.Series(draw.random(rows) < share) for share in (0.85, 0.5, 0.85))
    raised = raised.with_row_index("n").with_columns(
        category=pl.lit(pl.Series([*CONCERNS])).gather(kind % len(CONCERNS)),
        apart=recorded & ended & apart,
        also=recorded & ended & ~apart,
        conclusion="z" + pl.col("n").cast(pl.String).str.zfill(9),
    )
    said = {
        "concern_id": "k" + pl.col("n").cast(pl.String).str.zfill(9),
        **{name: pl.col(name) for name in ("child_id", "record_id", "category")},
        "severity": pl.Series(draw.integers(0, 4, rows)).set(pl.Series(draw.random(rows) < 0.25), None),
        "closing": pl.when(recorded).then(pl.lit("recorded")).otherwise(pl.lit("not_recordable")),
        "closed_by": pl.when("apart").then("conclusion").when("also").then("later"),
    }
    return raised.select(**_columns("concerns") | said), _conclusions(draw, raised.filter("apart"))


def _conclusions(draw: np.random.Generator, raised: pl.DataFrame) -> pl.DataFrame:
    """One record a conclusion, days or a year after the concern was raised, held by whoever held that record."""
    later = pl.Series(draw.integers(1, 400 * 24 * 60, raised.height)).cast(pl.Duration("us")) * 60_000_000
    concluded = pl.col("known_at") + later
    said = {name: pl.col(name) for name in ("child_id", "about", "held_by", "occurred_precision", "recorded_basis")}
    said |= {
        "record_id": pl.col("conclusion"),
        "agency": pl.col("held_by"),
        "kind": pl.lit("conclusion"),
        "occurred_at": concluded,
        "known_at": concluded,
        "follows": pl.col("record_id"),
        "outcome": _one_of(draw, raised.height, OUTCOMES),
        "source": pl.col("source"),
        "source_row": pl.col("conclusion"),
    }
    return raised.select(**_columns("contacts") | said)


def _episodes(draw: np.random.Generator, contacts: pl.DataFrame) -> pl.DataFrame:
    """One for about two children in three, begun by a record of social care; most end by a later record."""
    order = contacts.filter(pl.col("occurred_at").is_not_null())
    ends = {"ended_by": pl.col("record_id").shift(-6), "end_on": pl.col("occurred_at").shift(-6).dt.date()}
    begun = order.with_columns(e.over("child_id").alias(name) for name, e in ends.items())
    of_lead = begun.filter(pl.col("held_by") == LEAD_AGENCY)
    begun = of_lead.filter(pl.Series(draw.random(of_lead.height) < 0.12)).with_row_index("n")
    said = {
        "episode_id": "e" + pl.col("n").cast(pl.String).str.zfill(9),
        "child_id": pl.col("child_id"),
        "kind": _one_of(draw, begun.height, EPISODES),
        "started_by": pl.col("record_id"),
        "start_on": pl.col("occurred_at").dt.date(),
        "ended_by": pl.col("ended_by"),
        "end_on": pl.col("end_on"),
    }
    return begun.select(**_columns("episodes") | said)


def _people(draw: np.random.Generator, base: Mapping[str, pl.DataFrame], contacts: pl.DataFrame) -> pl.DataFrame:
    """Some people are said to have left, from a day after the record or before it."""
    people = base["people"]
    known = people.join(contacts.select("record_id", "known_at"), on="record_id", how="left", maintain_order="left")
    later = pl.Series(draw.integers(-30, 300, people.height)).cast(pl.Duration("us")) * 86_400_000_000
    left = pl.Series(draw.random(people.height) < 0.2)
    return people.with_columns((known["known_at"] + later).dt.date().set(~left, None).alias("valid_to"))


def _columns(table: str) -> dict[str, pl.Expr]:
    return {name: pl.lit(None, dtype) for name, dtype in RECORD_TABLES[table].schema.items()}


def main(words: Sequence[str]) -> None:
    write_records(int(words[0]), Path(words[1]), *map(int, words[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
