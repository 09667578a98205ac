"""Which rows of a source are taken, which refused and why, and which only say again what another row says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW, UNCLEAN, Check
from earlywarn.records.mapping.cells import findings, typed
from earlywarn.records.mapping.copies import copies
from earlywarn.records.mapping.emit import known_early
from earlywarn.records.mapping.marks import (
    CHILD,
    COPY_OF,
    EXTRACT_AT,
    HELD_AT,
    KEY,
    OWN_KEY,
    SHEET,
    N,
    child_of,
    key_of,
    written,
)
from earlywarn.records.mapping.references import refer
from earlywarn.records.mapping.tables import beside, held_before

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from earlywarn.records.mapping.gather import Found
    from earlywarn.records.mapping.layout import Layout, Table


@dataclass(frozen=True)
class Rows:
    """Rows of one table: all that were read, with the number of the row each repeats, and what refused rows broke."""

    table: Table
    frame: pl.DataFrame
    findings: pl.DataFrame

    @cached_property
    def accepted(self) -> pl.DataFrame:
        """Rows that are neither refused nor copies."""
        return _kept(self.sound, self.sound[COPY_OF] == self.sound[N])

    @cached_property
    def sound(self) -> pl.DataFrame:
        """Rows that are not refused."""
        return _without(self.frame, self.findings)


def _kept(frame: pl.DataFrame, good: pl.Series) -> pl.DataFrame:
    """Keep the rows marked; where that is all of them, nothing is copied."""
    return frame if good.all() else frame.filter(good)


def _without(frame: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    return _kept(frame, ~frame[N].is_in(refused["_row"].implode())) if refused.height else frame


def type_all(found: Found, layout: Layout) -> tuple[dict[str, pl.DataFrame], dict[str, list[Check]], list[str]]:
    """Type the cells of every table."""
    frames: dict[str, pl.DataFrame] = {}
    checks: dict[str, list[Check]] = {}
    notes: list[str] = []
    for name, gathered in found.tables.items():
        frames[name], checks[name], said = typed(gathered.frame, gathered.table, layout)
        notes += said
    return frames, checks, notes


def judge(
    found: Found,
    frames: Mapping[str, pl.DataFrame],
    checks: Mapping[str, list[Check]],
    layout: Layout,
    when: tuple[Sequence[datetime], Sequence[bool]],
    prefix: str,
    blamed: Mapping[str, pl.DataFrame],
) -> tuple[dict[str, Rows], list[str]]:
    """Judge the rows of every table, those referred to before those that refer.

    ``blamed`` are findings that only the finished records brought to light: what the contract refuses, its row is
    refused for.
    """
    judged: dict[str, Rows] = {}
    notes: list[str] = []
    for name in _parents_first(layout, list(found.tables)):
        table = layout.tables[name]
        frame = _dated(frames[name], found, when).with_columns(_key(table).alias(OWN_KEY))
        frame, referring = refer(frame, table, judged, prefix, notes)
        frame = frame.with_columns(_child(table, prefix))
        asked = [*checks[name], *referring, *_row_checks(table), *_listed(table, judged), *known_early(table)]
        refused = pl.concat([findings(frame, asked), *([blamed[name]] if name in blamed else [])])
        judged[name] = _without_copies(table, frame, refused)
    return judged, notes


def _parents_first(layout: Layout, given: list[str]) -> list[str]:
    done: list[str] = []

    def take(name: str) -> None:
        if name in done or name not in given:
            return
        done.append(name)
        table = layout.tables[name]
        for parent in (*(r.table for r in table.refers.values()), table.child_in):
            take(parent)
        done.remove(name)
        done.append(name)

    for name in given:
        take(name)
    return done


def _dated(frame: pl.DataFrame, found: Found, when: tuple[Sequence[datetime], Sequence[bool]]) -> pl.DataFrame:
    sheets = pl.DataFrame(
        {
            SHEET: range(len(found.sheets)),
            EXTRACT_AT: when[0],
            "_given": when[1],
            "_delivery": found.deliveries,
            "_file": [s.file for s in found.sheets],
        },
        schema={
            SHEET: pl.UInt32,
            EXTRACT_AT: pl.Datetime("us"),
            "_given": pl.Boolean,
            "_delivery": pl.String,
            "_file": pl.String,
        },
    )
    return beside(frame, sheets, SHEET)


def _text(table: Table, name: str) -> pl.Expr:
    """One text for all ways of writing the same value."""
    holds = table.columns[name].holds
    if holds in {"day", "moment", "yes_no", "integer", "number"}:
        return pl.col(name).cast(pl.String)
    return pl.col(written(name))


def _key(table: Table) -> pl.Expr:
    names = table.key or tuple(table.columns)
    return pl.concat_str([_text(table, n).fill_null("") for n in names], separator="\x1f")


def _child(table: Table, prefix: str) -> pl.Expr:
    """Child's id: what the row says itself, else that of the row it refers to."""
    own = [pl.lit(f"{prefix}-") + pl.col(table.child)] if table.child else []
    through = [pl.col(child_of(column)) for column in table.refers]
    return pl.coalesce([*own, *through, pl.lit(None, pl.String)]).alias(CHILD)


def _listed(table: Table, judged: Mapping[str, Rows]) -> list[Check]:
    if table.child_in not in judged:
        return []
    children = judged[table.child_in].sound[CHILD].unique().drop_nulls()
    return [Check(~pl.col(CHILD).is_in(children.implode()), table.child, "EW-R28")]


def _row_checks(table: Table) -> list[Check]:
    """Ask what each row must keep on its own, besides that its cells could be read."""
    of_a_child = next(filter(None, (table.child, *table.refers)), "")
    checks = [Check(pl.col(CHILD).is_null(), of_a_child, "EW-R01")] if of_a_child else []
    last = pl.col(EXTRACT_AT).dt.date()
    for name, column in table.columns.items():
        cell = pl.col(name)
        if column.required:
            checks.append(Check(pl.col(written(name)).is_null(), name, "EW-R01"))
        if column.holds == "id":
            checks.append(Check(cell.str.contains(UNCLEAN), name, "EW-R07"))
        if column.holds in {"day", "moment"} and not column.ahead:
            checks.append(Check(pl.col("_given") & (cell.cast(pl.Date) > last), name, "EW-R17"))
    checks += [Check(pl.col(b) < pl.col(a), b, "EW-R18") for a, b in table.order]
    return checks


def _without_copies(table: Table, frame: pl.DataFrame, refused: pl.DataFrame) -> Rows:
    """Find rows that say again what an earlier one says, and refuse one key on rows that differ in one delivery."""
    sound = _grouped(table, _without(frame, refused))
    if table.key:
        conflicts = findings(_same_key(sound), [Check(pl.col("_versions") > 1, table.key[0], "EW-R12")])
        refused = pl.concat([refused, conflicts])
        sound = _without(sound, conflicts)
    whole = beside(beside(frame, copies(sound), N), _held(sound), N)
    return Rows(table, whole.with_columns(pl.col(KEY).fill_null(pl.col(OWN_KEY))), refused)


def _held(sound: pl.DataFrame) -> pl.DataFrame:
    """Say for each row when the newest earlier delivery was made that already held its key."""
    return sound.join(held_before(sound, OWN_KEY), on=[OWN_KEY, EXTRACT_AT]).select(N, HELD_AT)


def _same_key(sound: pl.DataFrame) -> pl.DataFrame:
    """Count what rows that share a key in one delivery say differently."""
    shared = sound.filter(pl.struct(OWN_KEY, "_delivery").is_duplicated())
    return shared.with_columns(_versions=pl.col("_group").n_unique().over(OWN_KEY, "_delivery"))


def _grouped(table: Table, sound: pl.DataFrame) -> pl.DataFrame:
    """Give one number to rows that say the same, the key's mere numbering apart; oldest extract first."""
    leave_out = set(table.surrogates())
    said = [_said(table, c, sound).alias(f"{c}|said") for c in table.columns if c not in leave_out]
    keys = sound.select(N, EXTRACT_AT, OWN_KEY, "_delivery", "_file", SHEET, ROW)
    ordered = keys.sort(EXTRACT_AT, OWN_KEY, "_file", SHEET, ROW).with_row_index("_order")
    ordered = ordered.select("_order", N, OWN_KEY, "_delivery", EXTRACT_AT)
    if not said:
        return ordered.with_columns(_group=pl.col("_order"))
    texts = sound.select(N, *said)
    names = texts.columns[1:]
    # equal rows have equal hashes, so only rows that share one need be compared
    maybe = texts.filter(texts.select(names).hash_rows().is_duplicated()).join(ordered.select(N, "_order"), on=N)
    groups = maybe.select(N, pl.col("_order").min().over(names).alias("_group"))
    joined = beside(ordered, groups, N)
    return joined.with_columns(pl.col("_group").fill_null(pl.col("_order")))


def _said(table: Table, name: str, frame: pl.DataFrame) -> pl.Expr:
    """Return what a cell says: of a reference, what it leads to."""
    if name in table.refers and key_of(name) in frame.columns:
        return pl.coalesce(key_of(name), written(name)).fill_null("")
    return _text(table, name).fill_null("")
