"""What several files tell, put together: a record told again is one, told otherwise by a later file it is corrected.

For adapters that do not read by a mapping. The rule is that of ``docs/mappings.md``, "Several files", and which version
of a record stands is settled in `earlywarn.records.mapping.versions`, as for mappings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.mapping.emit import BASE, NAME, SAID, TABLE
from earlywarn.records.mapping.hashing import digest
from earlywarn.records.mapping.marks import EXTRACT_AT, SHEET, N
from earlywarn.records.mapping.tables import (
    LIFE,
    beside,
    fit,
    held_before,
    in_order,
    one_row_a_child,
    one_row_an_episode,
)
from earlywarn.records.mapping.versions import ADDS, ID, settle
from earlywarn.records.schema import CONTACTS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ABOUT, ANCHOR, DATED, ROW_OF = "_about", "_anchor", "_dated", "_row_of"
"""What a record is about, whenever it is told; what the record it follows is about; whether its file gives it a day;
and the row, of whatever file, that tells it."""

_OF_RECORD = {N: pl.UInt32()}
_CELLS = [c.name for c in CONTACTS.columns if c.name not in {ID, "follows", "episode_id", "source", "source_row"}]
_TIMES = ("known_at", "recorded_at", "recorded_basis")

TOLD: Mapping[str, pl.Schema] = {
    "records": pl.Schema(
        _OF_RECORD
        | {ROW: pl.UInt32(), NAME: pl.String(), ABOUT: pl.String(), ANCHOR: pl.String(), DATED: pl.Boolean()}
        | {ROW_OF: pl.String()}
        | {c: CONTACTS[c].dtype for c in _CELLS}
    ),
    "concerns": pl.Schema(
        _OF_RECORD | {c: d for c, d in TABLES["concerns"].schema.items() if c not in {"concern_id", ID, "closed_by"}}
    ),
    "facts": pl.Schema(_OF_RECORD | {"key": pl.String(), "value": pl.String()}),
    "episodes": pl.Schema(
        {ABOUT: pl.String(), "_start": pl.UInt32(), "_end": pl.UInt32()}
        | {c: d for c, d in TABLES["episodes"].schema.items() if c not in {"episode_id", "started_by", "ended_by"}}
    ),
    "births": pl.Schema({"child_id": pl.String(), **dict.fromkeys(LIFE, pl.Date()), ROW: pl.UInt32()}),
    "identifiers": TABLES["identifiers"].schema,
    "attributes": TABLES["attributes"].schema,
}
"""What one file tells, by the number of the record within the file that carries it; ids come with merging."""


@dataclass(frozen=True)
class Told:
    """What one file tells: frames in the schemas of `TOLD`, and when it was made."""

    file: str
    extract_at: datetime
    frames: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Merged:
    """The contract's tables. ``carriers`` says of each row of ``contacts`` which file and record it was read from."""

    frames: Mapping[str, pl.DataFrame]
    births: pl.DataFrame
    notes: tuple[str, ...]
    carriers: pl.DataFrame


def merge(files: Sequence[Told], prefix: str) -> Merged:
    """Put together what files tell, oldest extract first.

    Parameters
    ----------
    files : sequence of Told
        In the order of their extracts.
    prefix : str
        What ids begin with.

    """
    told = {name: _stacked(files, name) for name in TOLD}
    records = _with_what_hangs_on_it(told, prefix)
    settled, ids = settle(beside(records, held_before(records, ROW_OF), [ROW_OF, EXTRACT_AT]), prefix)
    settled = settled.with_columns(follows=pl.coalesce("_corrects", "follows"))
    ids = ids.select(N, ID)
    concerns = _concerns(told["concerns"], settled, ids, prefix)
    episodes, notes = _episodes(told["episodes"], ids, prefix)
    contacts = _placed(settled, files, "line ")
    births = _placed(told["births"], files, "line ").select("child_id", *LIFE, "source", "source_row")
    frames = {
        "contacts": fit(contacts, "contacts"),
        "concerns": fit(concerns, "concerns"),
        "episodes": episodes,
        "facts": fit(told["facts"].join(ids, on=N), "facts").unique(),
        "children": one_row_a_child(told["births"]),
        "identifiers": fit(told["identifiers"], "identifiers").unique(),
        "attributes": fit(told["attributes"], "attributes").unique(),
    }
    ordered = {name: in_order(frame, name) for name, frame in frames.items()}
    carriers = ordered["contacts"].select(ID).join(contacts.select(ID, SHEET, "_n_own"), on=ID, maintain_order="left")
    return Merged(ordered, births, notes, carriers)


def _stacked(files: Sequence[Told], name: str) -> pl.DataFrame:
    """Put what all files tell under one another, the records numbered through."""
    parts, before = [], 0
    for sheet, told in enumerate(files):
        frame = told.frames[name]
        numbers = [c for c in (N, "_start", "_end") if c in frame.columns]
        own = [pl.col(N).alias("_n_own")] if N in frame.columns else []
        parts.append(
            frame.with_columns(
                *own,
                *(pl.col(c) + pl.lit(before, pl.UInt32) for c in numbers),
                pl.lit(sheet, pl.UInt32).alias(SHEET),
                pl.lit(told.extract_at, pl.Datetime("us")).alias(EXTRACT_AT),
            )
        )
        before += told.frames["records"].height
    return pl.concat(parts)


def _with_what_hangs_on_it(told: Mapping[str, pl.DataFrame], prefix: str) -> pl.DataFrame:
    """Add to records what they say, themselves and by their concerns and facts."""
    record = told["records"]
    whole = {"concerns": ["category", "code", "severity", "closing"], "facts": ["key", "value"]}
    for name, columns in whole.items():
        line = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in columns], separator="\x1e")
        lines = told[name].group_by(N).agg(line.unique().sort().str.join("\x1d").alias(f"_{name}"))
        record = record.join(lines, on=N, how="left", maintain_order="left")
    dated = pl.when(DATED).then(pl.col("known_at"))
    said = [dated, *(pl.col(c) for c in _CELLS if c not in _TIMES), pl.col("_concerns"), pl.col("_facts")]
    return record.with_columns(
        pl.lit("").alias(TABLE),
        digest(prefix, pl.col(ABOUT)).alias(BASE),
        pl.when(pl.col(ANCHOR).is_not_null()).then(digest(prefix, pl.col(ANCHOR))).alias("follows"),
        pl.concat_str([s.cast(pl.String).fill_null("") for s in said], separator="\x1f").alias(SAID),
    )


def _concerns(told: pl.DataFrame, settled: pl.DataFrame, ids: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Concerns with their records. What one conclusion has raised, a later one about the same raises no second time."""
    kept = settled.select(ID, "kind", "known_at", "_version", pl.col("follows").alias("_of"))
    named = told.join(ids, on=N).join(kept, on=ID).sort("known_at", "_version", ID, "category", "code")
    first = pl.col(ID) == pl.col(ID).first().over("_of", "category")
    raised = named.filter(~pl.col("kind").is_in(ADDS) | first.fill_null(value=True))
    concern_id = digest(prefix, "concern", pl.col(ID), pl.col("code"), pl.col("category"))
    return raised.with_columns(concern_id=concern_id).unique("concern_id", keep="first", maintain_order=True)


def _episodes(told: pl.DataFrame, ids: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Episodes with the records that carry their start and end."""
    whole = told
    for number, name in (("_start", "started_by"), ("_end", "ended_by")):
        whole = whole.join(ids.rename({N: number, ID: name}), on=number, how="left", maintain_order="left")
    named = whole.with_columns(pl.lit(0, pl.UInt32).alias(N), episode_id=digest(prefix, pl.col(ABOUT)))
    return one_row_an_episode(named)


def _placed(frame: pl.DataFrame, files: Sequence[Told], word: str) -> pl.DataFrame:
    """Say which file and which line a row was read from."""
    names = pl.DataFrame(
        {SHEET: range(len(files)), "source": [told.file for told in files]}, {SHEET: pl.UInt32, "source": pl.String}
    )
    line = pl.lit(word) + pl.col(ROW).cast(pl.String)
    return frame.join(names, on=SHEET, how="left", maintain_order="left").with_columns(source_row=line)
