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
    number_of,
    there,
    written,
)
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from earlywarn.records.mapping.gather import Found
    from earlywarn.records.mapping.layout import Layout, Refer, Table


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


def _beside(frame: pl.DataFrame, narrow: pl.DataFrame, on: str) -> pl.DataFrame:
    """Join on one column without copying the others."""
    joined = frame.select(on).join(narrow, on=on, how="left", maintain_order="left").drop(on)
    return frame.hstack(joined)


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
        frame, referring = _refer(frame, table, judged, prefix, notes)
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
    return _beside(frame, sheets, SHEET)


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


def _refer(
    frame: pl.DataFrame, table: Table, judged: Mapping[str, Rows], prefix: str, notes: list[str]
) -> tuple[pl.DataFrame, list[Check]]:
    """Join what a row refers to. A row that leads nowhere is refused, unless the reference may be left open."""
    checks: list[Check] = []
    for column, refer in table.refers.items():
        wanted = [n.partition(".")[2] for n in _dotted(table) if n.startswith(f"{column}.")]
        named, found = pl.col(written(column)).is_not_null(), pl.col(there(column))
        if refer.table not in judged:
            notes.append(f"{table.name}: {refer.table} was not given; {column} leads nowhere")
            frame = _leads_nowhere(frame, column, wanted, table)
            checks += [] if table.child else [Check(named, column, "EW-R27")]
            continue
        frame = _joined(frame, column, judged[refer.table], wanted, refer)
        other = pl.col(child_of(column)) != pl.lit(f"{prefix}-") + pl.col(table.child) if table.child else pl.lit(False)
        if refer.optional:
            frame = _left_open(frame, column, (found == 0) | other)
            open_ends = int(frame.select((named & found.is_null()).sum()).item())
            notes += [f"{table.name}: {column} leads nowhere in {count_of(open_ends, 'row')}"] if open_ends else []
        else:
            checks += [
                Check(named & found.is_null(), column, "EW-R27"),
                Check(found == 0, column, "EW-R19"),
                *([Check(other, column, "EW-R14")] if table.child else []),
            ]
    return frame, checks


def _left_open(frame: pl.DataFrame, column: str, where: pl.Expr) -> pl.DataFrame:
    """Forget what an optional reference leads to: a row that was refused, or one of another child."""
    joined = [c for c in frame.columns if c.startswith((f"{column}|", f"{column}.")) and c != written(column)]
    return frame.with_columns(pl.when(~where.fill_null(value=False)).then(pl.col(c)).alias(c) for c in joined)


def _dotted(table: Table) -> list[str]:
    names = [n for r in table.records for n in r.columns()]
    return list(dict.fromkeys(n for n in names if n not in table.columns))


def _leads_nowhere(frame: pl.DataFrame, column: str, wanted: list[str], table: Table) -> pl.DataFrame:
    empty = {
        child_of(column): pl.String(),
        number_of(column): pl.UInt32(),
        there(column): pl.Int8(),
        **{f"{column}.{w}": _dtype(table.reached[f"{column}.{w}"].holds) for w in wanted},
        **{written(f"{column}.{w}"): pl.String() for w in wanted},
    }
    return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in empty.items())


def _dtype(holds: str) -> pl.DataType:
    plainly: dict[str, pl.DataType] = {
        "id": pl.String(),
        "text": pl.String(),
        "day": pl.Date(),
        "moment": pl.Datetime("us"),
        "yes_no": pl.Boolean(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
    }
    return plainly.get(holds, pl.List(pl.String()))


def _joined(frame: pl.DataFrame, column: str, parent: Rows, wanted: list[str], refer: Refer) -> pl.DataFrame:
    """Join the row referred to: of its own delivery, else of the newest before it, else of the oldest after it."""
    rows = _referred(column, parent, wanted, refer.by).sort(there(column), number_of(column))
    here = rows.unique([column, "_delivery"], keep="last", maintain_order=True).drop(EXTRACT_AT)
    joined = frame.select(N, column, "_delivery", EXTRACT_AT)
    joined = joined.join(here, on=[column, "_delivery"], how="left", maintain_order="left")
    added = [c for c in here.columns if c not in {column, "_delivery"}]
    if not refer.here:
        joined = _from_elsewhere(joined, rows.drop("_delivery"), column, added)
    return frame.hstack(joined.select(added))


def _from_elsewhere(joined: pl.DataFrame, rows: pl.DataFrame, column: str, added: list[str]) -> pl.DataFrame:
    lost = joined.filter(pl.col(there(column)).is_null() & pl.col(column).is_not_null())
    if lost.is_empty():
        return joined
    asked = lost.select(N, column, EXTRACT_AT).sort(EXTRACT_AT)
    found: list[pl.DataFrame] = []
    for sound in (1, 0):  # a row that was accepted before one that was refused
        offered = rows.filter(pl.col(there(column)) == sound).sort(EXTRACT_AT, number_of(column))
        found += [
            asked.join_asof(offered, on=EXTRACT_AT, by=column, strategy=which, check_sortedness=False)
            for which in ("backward", "forward")
        ]
    met = pl.concat(found).drop_nulls(there(column)).unique(N, keep="first", maintain_order=True)
    beside = joined.select(N).join(met.select(N, *added), on=N, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(pl.col(c), beside[c]).alias(c) for c in added)


def _referred(column: str, parent: Rows, wanted: list[str], by: str) -> pl.DataFrame:
    """Rows of the table referred to, under the name by which they are referred to."""
    refused = pl.col(N).is_in(parent.findings["_row"].implode())
    rows = parent.frame.select(
        pl.col(written(by) if by else OWN_KEY).alias(column),
        "_delivery",
        EXTRACT_AT,
        (pl.lit(None, pl.String) if by else pl.col(KEY)).alias(key_of(column)),
        pl.col(COPY_OF).alias(number_of(column)),
        pl.col(CHILD).alias(child_of(column)),
        (~refused).cast(pl.Int8).alias(there(column)),
        *(pl.col(w).alias(f"{column}.{w}") for w in wanted),
        *(pl.col(written(w)).alias(written(f"{column}.{w}")) for w in wanted),
    ).drop_nulls(column)
    of_one_child = pl.col(child_of(column)).n_unique().over(column, "_delivery") == 1
    return rows.filter(of_one_child) if by else rows


def _listed(table: Table, judged: Mapping[str, Rows]) -> list[Check]:
    if table.child_in not in judged:
        return []
    children = judged[table.child_in].sound[CHILD].unique().drop_nulls()
    return [Check(~pl.col(CHILD).is_in(children.implode()), table.child, "EW-R28")]


def _row_checks(table: Table) -> list[Check]:
    """Ask what each row must keep on its own, besides that its cells could be read."""
    checks = [Check(pl.col(CHILD).is_null(), table.child or next(iter(table.refers), ""), "EW-R01")]
    if not (table.child or table.refers):
        checks = []
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
    whole = _beside(_beside(frame, copies(sound), N), _held(sound), N)
    return Rows(table, whole.with_columns(pl.col(KEY).fill_null(pl.col(OWN_KEY))), refused)


def _held(sound: pl.DataFrame) -> pl.DataFrame:
    """Say for each row when the newest earlier delivery was made that already held its key."""
    times = sound.select(OWN_KEY, EXTRACT_AT).unique().sort(OWN_KEY, EXTRACT_AT)
    earlier = pl.when(pl.col(OWN_KEY) == pl.col(OWN_KEY).shift(1)).then(pl.col(EXTRACT_AT).shift(1)).alias(HELD_AT)
    known = times.with_columns(earlier).drop_nulls(HELD_AT)
    return sound.join(known, on=[OWN_KEY, EXTRACT_AT]).select(N, HELD_AT)


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
    joined = _beside(ordered, groups, N)
    return joined.with_columns(pl.col("_group").fill_null(pl.col("_order")))


def _said(table: Table, name: str, frame: pl.DataFrame) -> pl.Expr:
    """Return what a cell says: of a reference, what it leads to."""
    if name in table.refers and key_of(name) in frame.columns:
        return pl.coalesce(key_of(name), written(name)).fill_null("")
    return _text(table, name).fill_null("")
