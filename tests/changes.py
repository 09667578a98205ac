"""Changing records in ways a property is about: taking away, renaming, shuffling, adding."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.schema import RECORD_TABLES, TABLES
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Tables = dict[str, list[dict]]


def empty_records() -> Records:
    """Records of nobody, every table typed."""
    return Records({})


def only_what_was_known(tables: Tables, as_of: dt.date) -> Tables:
    """The same tables with every trace of a record known, or a link found out, on or after the day taken out."""
    midnight = dt.datetime.combine(as_of, dt.time(0))
    contacts = [r for r in tables["contacts"] if r["known_at"] < midnight]
    known = {r["record_id"] for r in contacts}
    links = [r for r in tables["links"] if r["known_at"] < midnight]
    children = {r["child_id"] for r in contacts} | {r[end] for r in links for end in ("child_id", "same_as")}

    def carried(table: str, by: str = "record_id") -> list[dict]:
        return [row for row in tables[table] if row[by] in known]

    return {
        **tables,
        "contacts": contacts,
        "concerns": [
            {**r, "closed_by": r["closed_by"] if r["closed_by"] in known else None} for r in carried("concerns")
        ],
        "sharing": [r for r in carried("sharing") if r["shared_at"] < midnight],
        "people": carried("people"),
        "households": carried("households"),
        "facts": carried("facts"),
        "episodes": [
            r if r["ended_by"] in known else {**r, "ended_by": None, "end_on": None}
            for r in carried("episodes", "started_by")
        ],
        "children": [r for r in tables["children"] if r["child_id"] in children],
        "links": links,
    }


def without_records(records: Records, gone: set[str], *, follow: bool = True) -> Records:
    """Records without some of them, nor anything carried by them; ``follow``, nor what they correct or what follows."""
    contacts = records.frames["contacts"]
    while follow:
        corrected = contacts.filter(pl.col("record_id").is_in(gone) & pl.col("follows").is_not_null())
        older = set(corrected.filter(pl.col("kind") != "conclusion")["follows"])
        newer = set(contacts.filter(pl.col("follows").is_in(gone))["record_id"])
        if older | newer <= gone:
            break
        gone = gone | older | newer
    frames = {}
    for name, frame in records.frames.items():
        columns = [c for c in RECORD_TABLES[name].columns if c.names_record or c.name == "record_id"]
        named = {c.name: pl.col(c.name).is_in(gone).fill_null(value=False) for c in columns}
        kept = frame.filter(pl.lit(value=True), *(~named[c.name] for c in columns if not c.nullable))
        frames[name] = kept.with_columns(
            pl.when(~named[c.name]).then(c.name).otherwise(None).alias(c.name) for c in columns if c.nullable
        )
    ended = frames["episodes"]
    frames["episodes"] = ended.with_columns(end_on=pl.when(pl.col("ended_by").is_not_null()).then("end_on"))
    return Records(frames)


def renamed(records: Records, columns: set[str], new_name: Callable[[str], str]) -> Records:
    """Records with the ids in some columns renamed by a one-to-one function."""
    frames = {}
    for name, frame in records.frames.items():
        held = [c for c in frame.columns if c in columns]
        frames[name] = frame.with_columns(pl.col(c).map_elements(new_name, return_dtype=pl.String) for c in held)
    return Records(frames)


def shuffled(records: Records, seed: int) -> Records:
    """The same rows in another order."""
    return Records({n: f.sample(fraction=1.0, shuffle=True, seed=seed) for n, f in records.frames.items()})


def with_rows(records: Records, **rows: list[dict]) -> Records:
    """Records with rows added; columns left out are null."""
    frames = dict(records.frames)
    for name, more in rows.items():
        table = TABLES[name]
        whole = [{c: row.get(c) for c in table.schema} for row in more]
        frames[name] = pl.concat([frames[name], pl.DataFrame(whole, schema=table.schema)])
    return Records(frames)


def moved(records: Records, step: dt.timedelta) -> Records:
    """The same records with every date and time so much later."""
    temporal = pl.selectors.temporal()
    return Records({n: f.with_columns(temporal + step) for n, f in records.frames.items()})


def put_off(records: Records, moment: dt.datetime, step: dt.timedelta) -> Records:
    """Records of which all that became known, was told or was found out at that moment or after is put off."""
    later = {
        c: pl.when(pl.col(c) >= moment).then(pl.col(c) + step).otherwise(c).alias(c) for c in ("known_at", "shared_at")
    }
    held = records.frames.items()
    return Records({n: f.with_columns(e for c, e in later.items() if c in f.columns) for n, f in held})


def joined(one: Records, other: Records) -> Records:
    """All rows of both."""
    return Records({n: pl.concat([f, other.frames[n]]) for n, f in one.frames.items()})


def as_dicts(frame: pl.DataFrame, *keys: str) -> Mapping[tuple, dict]:
    """Rows by key."""
    return {tuple(row[k] for k in keys): row for row in frame.iter_rows(named=True)}
