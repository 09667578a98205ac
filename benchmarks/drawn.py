"""Records drawn in memory for benchmarks: many children in seconds, every rule of the contract kept.

They are shaped like records and mean nothing: a child's agencies and workers are few and mostly its own, a few
children have hundreds of contacts, some records are corrected or taken back, and some lie ahead.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from earlywarn.records.codes import AGENCIES, ORGANISATIONS
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

AS_OF = dt.date(2026, 11, 1)
DAY = 24 * 60
YEARS = 3 * 365 * DAY
CODES = pl.Series([*ORGANISATIONS, *(code for code in AGENCIES if code not in ORGANISATIONS)])
ROLES = pl.Series(["mother", "father", "partner", "sibling", "adult_visitor", "unknown"])


def draw_records(children: int, seed: int = 7, contacts_each: float = 30.0) -> Records:
    """Records of so many children that keep every rule of the contract."""
    draw = np.random.default_rng(seed)
    many = draw.lognormal(0, 1, children)
    many = np.maximum(1, np.round(many * contacts_each / many.mean())).astype(int)
    drawn = _drawn(draw, np.repeat(np.arange(children), many), children)
    contacts = drawn.select(**_columns("contacts") | _said())
    carried = drawn.select("child", "child_id", "record_id", "known_at")
    return Records(
        {
            "contacts": contacts,
            "sharing": _sharing(draw, _some(draw, carried, 0.2)),
            "people": _people(draw, _some(draw, carried, 0.15)),
            "households": _households(carried),
            "facts": _teams(draw, _some(draw, carried, 0.1)),
        }
    )


def _drawn(draw: np.random.Generator, child: np.ndarray, children: int) -> pl.DataFrame:
    """One row a contact, in order of child and time: a child's agencies and workers are few and mostly its own."""
    rows = len(child)
    ago = draw.integers(-5 * DAY, YEARS, rows)
    ago = ago[np.lexsort((-ago, child))]
    late = np.where(ago <= 0, -60 * DAY, draw.integers(0, 9, rows) ** 4)  # what lies ahead was arranged before
    usual = (child * 7 + draw.integers(0, 5, rows) ** 2) % len(ORGANISATIONS)
    outside, passed, astray = draw.random(rows) < 0.08, draw.random(rows) < 0.1, draw.random(rows) < 0.03
    own = usual * 1000 + (child + draw.integers(0, 3, rows)) % 997
    midnight = np.datetime64(AS_OF, "us")
    frame = pl.DataFrame(
        {
            "n": np.arange(rows),
            "child": child,
            "usual": usual,
            "agency": CODES[np.where(outside, len(ORGANISATIONS) + child % 5, usual)],
            "held_by": CODES[np.where(outside | passed, 0, usual)],
            "worker": pl.Series(np.where(astray, child % 997, own)).set(pl.Series(draw.random(rows) < 0.4), None),
            "place": pl.Series(draw.integers(0, 4 * children, rows)).set(pl.Series(draw.random(rows) < 0.7), None),
            "occurred_at": midnight - ago.astype("timedelta64[m]"),
            "known_at": midnight - (ago - late).astype("timedelta64[m]"),
            "follows": draw.random(rows) < 0.03,
            "gone": draw.random(rows) < 0.1,
        }
    )
    same = (pl.col("child") == pl.col("child").shift(1)) & (pl.col("known_at") >= pl.col("known_at").shift(1))
    return frame.with_columns(
        record_id=_named("r", "n", 9), child_id=_named("c", "child", 7), follows=pl.col("follows") & same
    )


def _said() -> dict[str, pl.Expr]:
    taken_back = pl.col("follows") & pl.col("gone")
    fixed = {"about": "child", "occurred_precision": "instant", "recorded_basis": "source", "source": "drawn"}
    return {
        **{name: pl.col(name) for name in ("record_id", "child_id", "agency", "held_by", "occurred_at", "known_at")},
        **{name: pl.lit(text) for name, text in fixed.items()},
        "org_id": pl.format("o{}", pl.col("usual") * 50 + pl.col("child") % 50),
        "kind": pl.when(taken_back).then(pl.lit("withdrawal")).otherwise(pl.lit("contact")),
        "planned": pl.col("occurred_at") > pl.col("known_at"),
        "worker_id": _named("w", "worker", 6),
        "place_id": _named("p", "place", 7),
        "follows": pl.when("follows").then(_named("r", pl.col("n") - 1, 9)),
        "source_row": pl.col("n").cast(pl.String),
    }


def _sharing(draw: np.random.Generator, some: pl.DataFrame) -> pl.DataFrame:
    later = draw.integers(0, 60 * DAY, some.height).astype("timedelta64[m]").astype("timedelta64[us]")
    decision = pl.Series(["shared", "shared", "shared", "withheld"])[draw.integers(0, 4, some.height)]
    extent = pl.Series(["full", "summary", "existence"])[draw.integers(0, 3, some.height)]
    told = CODES[draw.integers(0, 8, some.height)]
    said = {"record_id": pl.col("record_id"), "shared_at": pl.col("known_at") + pl.Series(later)}
    return some.select(
        **_columns("sharing")
        | said
        | {"to_agency": pl.lit(told), "decision": pl.lit(decision), "extent": pl.lit(extent)}
    )


def _people(draw: np.random.Generator, some: pl.DataFrame) -> pl.DataFrame:
    """About four people a child, some of whom are in the life of the child before or after it."""
    person = pl.col("child") * 3 + pl.Series(draw.integers(0, 4, some.height))
    said = {"person_id": _named("a", person, 7), "role": pl.lit(ROLES[draw.integers(0, len(ROLES), some.height)])}
    return some.select(**_columns("people") | _carried() | said)


def _households(carried: pl.DataFrame) -> pl.DataFrame:
    first = carried.filter(pl.col("child").is_first_distinct())
    return first.select(**_columns("households") | _carried() | {"household_id": _named("h", pl.col("child") // 2, 7)})


def _teams(draw: np.random.Generator, some: pl.DataFrame) -> pl.DataFrame:
    team = pl.format("team {}", pl.Series(draw.integers(0, 20, some.height)))
    return some.select("record_id", key=pl.lit("team"), value=team)


def _columns(table: str) -> dict[str, pl.Expr]:
    return {name: pl.lit(None, dtype) for name, dtype in RECORD_TABLES[table].schema.items()}


def _carried() -> dict[str, pl.Expr]:
    return {"child_id": pl.col("child_id"), "record_id": pl.col("record_id")}


def _named(letter: str, number: str | pl.Expr, digits: int) -> pl.Expr:
    counted = pl.col(number) if isinstance(number, str) else number
    return letter + counted.cast(pl.String).str.zfill(digits)


def _some(draw: np.random.Generator, rows: pl.DataFrame, share: float) -> pl.DataFrame:
    return rows.filter(pl.Series(draw.random(rows.height) < share))
