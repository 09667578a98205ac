"""The contract's tables out of judged rows: records with their versions settled, and everything that hangs on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.schema import RECORD_TABLES, TABLES
from earlywarn.records.sources.emit import BASE, NAME, SAID, TABLE, attached, cell, records_of
from earlywarn.records.sources.hashing import digest
from earlywarn.records.sources.layout import named_in
from earlywarn.records.sources.marks import CHILD, EXTRACT_AT, KEY, SHEET, N
from earlywarn.records.sources.versions import ADDS, ID, settle
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.records.sources.layout import Episode, Layout
    from earlywarn.records.sources.rows import Rows

LIFE = ("birth_on", "expected_birth_on", "death_on")
PLACE = [TABLE, NAME, N]
NO_RECORDS = pl.DataFrame(
    schema={
        **dict.fromkeys((TABLE, NAME, BASE, SAID), pl.String),
        **dict.fromkeys((N, SHEET, ROW), pl.UInt32),
        EXTRACT_AT: pl.Datetime("us"),
        "_closes": pl.Boolean,
        **{
            c: d
            for c, d in TABLES["contacts"].schema.items()
            if c not in {ID, "source", "source_row", "follows", "episode_id"}
        },
    }
)


@dataclass(frozen=True)
class Parts:
    """The tables, and what stands apart from them."""

    frames: Mapping[str, pl.DataFrame]
    births: pl.DataFrame
    identities: pl.DataFrame
    notes: tuple[str, ...]
    ids: pl.DataFrame


def assemble(
    judged: Mapping[str, Rows], layout: Layout, files: Sequence[str], places: Sequence[str], *, for_linkage: bool
) -> Parts:
    """Make every table of the contract that the rows fill."""
    records = pl.concat([NO_RECORDS, *(records_of(rows, layout) for rows in judged.values())], how="diagonal")
    records, unanchored = _anchored(records)
    settled, ids = settle(records, layout.source.name)
    spans, episode_ids, notes = _episodes(judged, layout, ids)
    contacts = _contacts(settled, ids, episode_ids, files, places)
    hung = _hung(judged, layout, ids)
    births = pl.concat([_life(rows, files) for rows in judged.values()])
    frames = {
        "contacts": _fit(contacts, "contacts"),
        "concerns": _concerns(hung["concerns"], settled, contacts, layout),
        "episodes": spans,
        **{
            name: _fit(hung[name], name).unique(maintain_order=True)
            for name in ("facts", "people", "households", "sharing")
        },
        "children": _children(births),
        "identifiers": _identifiers(judged, layout),
        "attributes": _attributes(judged),
    }
    identities = _identities(judged, layout) if for_linkage else pl.DataFrame()
    return Parts({n: _in_order(f, n) for n, f in frames.items()}, births, identities, (*notes, *unanchored), ids)


def _anchored(records: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out conclusions and withdrawals of what is not there: nobody could say what they are about."""
    if "_follows_n" not in records.columns:
        return records, ()
    keys = ["_follows_table", "_follows_as", "_follows_n"]
    there = records.select(pl.col(c).alias(k) for c, k in zip(PLACE, keys, strict=True)).with_columns(_there=True)
    adds = pl.col("kind").is_in(ADDS)
    marked = records.join(there, on=keys, how="left", maintain_order="left")
    loose = marked.filter((pl.col("kind") == "conclusion") & pl.col("_there").is_null())
    said = [
        f"{t}: {count_of(n, 'conclusion')} without the record concluded: not carried"
        for t, n in loose.group_by(TABLE).len().sort(TABLE).iter_rows()
    ]
    return marked.filter(~adds | pl.col("_there").is_not_null()).drop("_there"), tuple(said)


def _fit(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """All columns of the contract's table, in its order and types."""
    schema = TABLES[name].schema
    lacking = [pl.lit(None, dtype).alias(c) for c, dtype in schema.items() if c not in frame.columns]
    return frame.with_columns(lacking).select(pl.col(c).cast(dtype) for c, dtype in schema.items())


def _in_order(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Order that does not depend on that of rows, files or deliveries."""
    first = [c for c in ("child_id", "known_at", "record_id") if c in frame.columns]
    rest = [c for c in TABLES[name].schema if c not in first]
    return frame.sort([*first, *rest], nulls_last=True)


def _contacts(
    settled: pl.DataFrame, ids: pl.DataFrame, episode_ids: pl.DataFrame, files: Sequence[str], places: Sequence[str]
) -> pl.DataFrame:
    sources = pl.DataFrame(
        {SHEET: range(len(files)), "source": files, "_place": places},
        schema={SHEET: pl.UInt32, "source": pl.String, "_place": pl.String},
    )
    frame = settled.join(sources, on=SHEET, how="left", maintain_order="left").with_columns(
        source_row=pl.col("_place") + pl.lit("row ") + pl.col(ROW).cast(pl.String)
    )
    frame = _led_to(frame, ids, "follows", ID)
    frame = _led_to(frame, episode_ids, "episode", "episode_id")
    frame = _taken_back_later(frame)
    return frame.with_columns(follows=pl.coalesce("_corrects", "follows"), episode_id=pl.col("episode"))


def _taken_back_later(frame: pl.DataFrame) -> pl.DataFrame:
    """Take nothing back before it was known."""
    known = frame.select(pl.col(ID).alias("follows"), pl.col("known_at").alias("_since"))
    joined = frame.join(known, on="follows", how="left", maintain_order="left")
    later = pl.when(pl.col("kind") == "withdrawal").then(pl.max_horizontal("known_at", "_since"))
    return joined.with_columns(later.fill_null(pl.col(n)).alias(n) for n in ("known_at", "recorded_at"))


def _led_to(frame: pl.DataFrame, ids: pl.DataFrame, what: str, name: str) -> pl.DataFrame:
    """Join the id that a reference leads to."""
    keys = [f"_{what}_table", f"_{what}_as", f"_{what}_n"]
    if keys[0] not in frame.columns:
        return frame.with_columns(pl.lit(None, pl.String).alias(what))
    target = ids.select(*(pl.col(c).alias(k) for c, k in zip(PLACE, keys, strict=True)), pl.col(name).alias(what))
    return frame.join(target, on=keys, how="left", maintain_order="left")


def _hung(judged: Mapping[str, Rows], layout: Layout, ids: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Everything that hangs on records, with the ids of those records."""
    parts: dict[str, list[pl.DataFrame]] = {}
    for rows in judged.values():
        for name, frames in attached(rows, layout).items():
            parts.setdefault(name, []).extend(frames)
    whole = {}
    for name, frames in parts.items():
        filled = [f for f in frames if not f.is_empty()]
        whole[name] = (
            pl.concat(filled, how="diagonal").join(ids, on=PLACE, maintain_order="left")
            if filled
            else RECORD_TABLES[name].empty()
        )
    return whole


def _concerns(hung: pl.DataFrame, settled: pl.DataFrame, contacts: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Concerns with ids of their own, and the record that concluded those whose record a closing one follows."""
    if hung.is_empty():
        return TABLES["concerns"].empty()
    named = hung.with_columns(
        concern_id=digest(layout.source.name, "concern", pl.col(ID), pl.col("code"), pl.col("category"))
    ).unique(["concern_id"], keep="first", maintain_order=True)
    closing = (
        contacts.filter(settled["_closes"]).sort("known_at", ID).unique("follows", keep="first", maintain_order=True)
    )
    closed = closing.select(pl.col("follows").alias(ID), pl.col(ID).alias("_closed"))
    joined = named.join(closed, on=ID, how="left", maintain_order="left")
    recorded = pl.col("closing") == "recorded"
    return _fit(joined.with_columns(closed_by=pl.when(recorded).then("_closed")), "concerns")


def _episodes(
    judged: Mapping[str, Rows], layout: Layout, ids: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """One row an episode, over all deliveries; ids by place; a note where a later delivery ends one otherwise."""
    made = [_spans(rows, episode, layout, ids) for rows in judged.values() for episode in rows.table.episodes]
    whole = pl.concat(made) if made else pl.DataFrame()
    if whole.is_empty():
        place = {TABLE: pl.String, NAME: pl.String, N: pl.UInt32, "episode_id": pl.String}
        return TABLES["episodes"].empty(), pl.DataFrame(schema=place), ()
    ordered = whole.sort(EXTRACT_AT, SHEET, N)
    ends = pl.col("ended_by", "end_on").sort_by(pl.col("ended_by").is_null(), maintain_order=True).first()
    spans = ordered.group_by("episode_id", maintain_order=True).agg(
        pl.col("child_id", "kind", "category", "started_by", "start_on").first(),
        ends,
        _ends=pl.col("end_on").n_unique() - pl.col("end_on").is_null().any().cast(pl.UInt32),
    )
    changed = int((spans["_ends"] > 1).sum())
    notes = (
        (f"{count_of(changed, 'episode')} have another end in a later file; the earlier is kept",) if changed else ()
    )
    return _fit(spans, "episodes"), whole.select(TABLE, NAME, N, "episode_id"), notes


def _spans(rows: Rows, episode: Episode, layout: Layout, ids: pl.DataFrame) -> pl.DataFrame:
    table, name = rows.table, layout.source.name
    frame = rows.accepted.select(
        pl.lit(table.name).alias(TABLE),
        pl.lit(episode.name).alias(NAME),
        N,
        SHEET,
        EXTRACT_AT,
        digest(name, "episode", table.name, episode.name, pl.col(CHILD), pl.col(KEY)).alias("episode_id"),
        pl.col(CHILD).alias("child_id"),
        pl.lit(episode.kind).alias("kind"),
        cell(episode.category, table).alias("category"),
        cell(episode.start_on, table, pl.Date()).alias("start_on"),
        cell(episode.end_on, table, pl.Date()).alias("end_on"),
    )
    for which, record in (("started_by", episode.started_by), ("ended_by", episode.ended_by)):
        here = ids.filter((pl.col(TABLE) == table.name) & (pl.col(NAME) == record)).select(N, pl.col(ID).alias(which))
        frame = frame.join(here, on=N, how="left", maintain_order="left")
    both = pl.col("ended_by").is_not_null() & pl.col("end_on").is_not_null()
    frame = frame.with_columns(pl.when(both).then(pl.col(c)).alias(c) for c in ("ended_by", "end_on"))
    return frame.filter(pl.col("started_by").is_not_null() & pl.col("start_on").is_not_null())


def _life(rows: Rows, files: Sequence[str]) -> pl.DataFrame:
    """Who says which days of birth and death of a child, and where."""
    schema = {"child_id": pl.String, **dict.fromkeys(LIFE, pl.Date), "source": pl.String, "source_row": pl.String}
    if not rows.table.children:
        return pl.DataFrame(schema=schema)
    names = pl.DataFrame({SHEET: range(len(files)), "source": files}, schema={SHEET: pl.UInt32, "source": pl.String})
    return (
        rows.sound.join(names, on=SHEET, how="left", maintain_order="left")
        .select(
            pl.col(CHILD).alias("child_id"),
            *(cell(rows.table.children.get(n), rows.table, pl.Date()).alias(n) for n in LIFE),
            "source",
            source_row=pl.col(ROW).cast(pl.String),
        )
        .cast(schema)  # type: ignore[arg-type]
    )


def _children(births: pl.DataFrame) -> pl.DataFrame:
    """One row a child. Where the sources give two days of birth it has none: a person must find out which is right."""
    one = [pl.when(pl.col(n).drop_nulls().n_unique() == 1).then(pl.col(n).drop_nulls().first()).alias(n) for n in LIFE]
    return _fit(births.group_by("child_id").agg(one), "children")


def _identifiers(judged: Mapping[str, Rows], layout: Layout) -> pl.DataFrame:
    frames = []
    for rows in judged.values():
        table = rows.table
        given = list(table.identifiers)
        if table.child and layout.source.children:
            given.append({"scheme": layout.source.children, "value": f"@{table.child}"})
        frames += [
            rows.accepted.select(
                pl.col(CHILD).alias("child_id"),
                cell(g["scheme"], table).alias("scheme"),
                cell(g["value"], table).alias("value"),
                *(cell(g.get(n), table, pl.Date()).alias(n) for n in ("valid_from", "valid_to")),
            ).drop_nulls(["value", "scheme"])
            for g in given
        ]
    return _all(frames, "identifiers")


def _attributes(judged: Mapping[str, Rows]) -> pl.DataFrame:
    frames = [
        rows.accepted.select(
            pl.col(CHILD).alias("child_id"), pl.lit(name).alias("attribute"), cell(given, rows.table).alias("value")
        ).drop_nulls("value")
        for rows in judged.values()
        for name, given in rows.table.attributes.items()
    ]
    return _all(frames, "attributes")


def _all(frames: list[pl.DataFrame], name: str) -> pl.DataFrame:
    filled = [f for f in frames if not f.is_empty()]
    return _fit(pl.concat(filled), name).unique(maintain_order=True) if filled else TABLES[name].empty()


def _identities(judged: Mapping[str, Rows], layout: Layout) -> pl.DataFrame:
    """Names and addresses, for linking alone."""
    text, schema = ("forename", "surname", "address", "postcode"), {"id": pl.String, "subject": pl.String}
    whole = schema | {"source": pl.String, "birth_on": pl.Date} | dict.fromkeys(text, pl.String)
    frames = [
        rows.accepted.select(
            pl.col(CHILD).alias("id"),
            pl.lit("child").alias("subject"),
            pl.lit(layout.source.name).alias("source"),
            cell(rows.table.identity.get("birth_on"), rows.table, pl.Date()).alias("birth_on"),
            *(cell(rows.table.identity.get(n), rows.table).alias(n) for n in text),
        )
        for rows in judged.values()
        if named_in(list(rows.table.identity.values()))
    ]
    return pl.concat([pl.DataFrame(schema=whole), *frames]).unique().sort("id", "forename", "surname", "address")
