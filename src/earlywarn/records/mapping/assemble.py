"""The contract's tables out of judged rows: records with their versions settled, and everything that hangs on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.mapping import children as of_children
from earlywarn.records.mapping.attached import attached
from earlywarn.records.mapping.emit import BASE, NAME, SAID, TABLE, cell, records_of
from earlywarn.records.mapping.hashing import digest
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, HELD_AT, KEY, SHEET, N
from earlywarn.records.mapping.tables import LIFE, beside, fit, in_order, one_row_an_episode
from earlywarn.records.mapping.versions import ADDS, FIRST, ID, settle
from earlywarn.records.mapping.withdrawals import with_withdrawals
from earlywarn.records.schema import RECORD_TABLES, TABLES
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.records.mapping.layout import Episode, Layout
    from earlywarn.records.mapping.rows import Rows

PLACE = [TABLE, NAME, N]
NO_RECORDS = pl.DataFrame(
    schema={
        **dict.fromkeys((TABLE, NAME, BASE), pl.String),
        SAID: pl.UInt64,
        HELD_AT: pl.Datetime("us"),
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
    """The tables, and what stands apart from them; ``blamed`` are rows that tell of a record before it was known."""

    frames: Mapping[str, pl.DataFrame]
    births: pl.DataFrame
    identities: pl.DataFrame
    notes: tuple[str, ...]
    ids: pl.DataFrame
    blamed: Mapping[str, pl.DataFrame]


def assemble(
    judged: Mapping[str, Rows], layout: Layout, files: Sequence[str], places: Sequence[str], *, for_linkage: bool
) -> Parts:
    """Make every table of the contract that the rows fill."""
    settled, ids, notes = _settled(judged, layout)
    spans, episode_ids, said = _episodes(judged, layout, ids)
    contacts = _contacts(settled, ids, episode_ids, files, places)
    hung = _hung(judged, layout, ids)
    sharing, early = _told(hung["sharing"], settled)
    births = pl.concat([of_children.life(rows, files) for rows in judged.values()])
    concerns = _concerns(hung["concerns"], settled, contacts, layout)
    del settled  # a million records are large
    frames = {
        "contacts": fit(contacts, "contacts"),
        "concerns": concerns,
        "episodes": spans,
        "sharing": fit(sharing, "sharing").unique(),
        **{name: fit(hung[name], name).unique() for name in ("facts", "people", "households")},
        "children": of_children.children(births),
        "identifiers": of_children.identifiers(judged, layout),
        "attributes": of_children.attributes(judged),
    }
    del contacts, hung
    ordered = {name: in_order(frames.pop(name), name) for name in list(frames)}
    identities = of_children.identities(judged, layout) if for_linkage else pl.DataFrame()
    births = births.select("child_id", *LIFE, "source", "source_row")
    return Parts(ordered, births, identities, (*said, *notes), ids, early)


def _settled(judged: Mapping[str, Rows], layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """All records, each version once, and what takes some of them back."""
    records = pl.concat([NO_RECORDS, *(records_of(rows, layout) for rows in judged.values())], how="diagonal")
    records, unanchored = _anchored(records)
    settled, ids = settle(records, layout.source.name)
    settled, taken_back = with_withdrawals(settled, ids, judged, layout)
    return settled, ids, (*unanchored, *taken_back)


def _anchored(records: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out conclusions and withdrawals of what is not there: nobody could say what they are about."""
    if "_follows_n" not in records.columns:
        return records, ()
    keys = ["_follows_table", "_follows_as", "_follows_n"]
    places = records.select(pl.col(c).alias(k) for c, k in zip(PLACE, keys, strict=True))
    there = beside(records.select(keys), places.with_columns(there=True), keys)["there"].fill_null(value=False)
    loose = records.filter((records["kind"] == "conclusion") & ~there)
    said = [
        f"{t}: {count_of(n, 'conclusion')} without the record concluded: not carried"
        for t, n in loose.group_by(TABLE).len().sort(TABLE).iter_rows()
    ]
    kept = ~records["kind"].is_in(ADDS) | there
    return records if kept.all() else records.filter(kept), tuple(said)


def _contacts(
    settled: pl.DataFrame, ids: pl.DataFrame, episode_ids: pl.DataFrame, files: Sequence[str], places: Sequence[str]
) -> pl.DataFrame:
    sources = pl.DataFrame(
        {SHEET: range(len(files)), "source": files, "_place": places},
        schema={SHEET: pl.UInt32, "source": pl.String, "_place": pl.String},
    )
    frame = beside(settled, sources, SHEET).with_columns(
        source_row=pl.col("_place") + pl.lit("row ") + pl.col(ROW).cast(pl.String)
    )
    frame = _led_to(frame, ids, "follows", FIRST)
    frame = _led_to(frame, episode_ids, "episode", "episode_id")
    return frame.with_columns(follows=pl.coalesce("_corrects", "follows"), episode_id=pl.col("episode"))


def _led_to(frame: pl.DataFrame, ids: pl.DataFrame, what: str, name: str) -> pl.DataFrame:
    """Join the id that a reference leads to."""
    keys = [f"_{what}_table", f"_{what}_as", f"_{what}_n"]
    if keys[0] not in frame.columns:
        return frame.with_columns(pl.lit(None, pl.String).alias(what))
    target = ids.select(*(pl.col(c).alias(k) for c, k in zip(PLACE, keys, strict=True)), pl.col(name).alias(what))
    return beside(frame, target, keys)


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


def _told(hung: pl.DataFrame, settled: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Let an act of telling hang on the version known on its day; blame the row of one that comes before any."""
    if hung.is_empty():
        return hung, {}
    versions = settled.select(BASE, "known_at", pl.col(ID).alias("_told")).sort("known_at")
    same = [
        FIRST,
        "to_agency",
        "_said_at",
        *(c for c in ("decision", "extent", "basis", "told_family") if c in hung.columns),
    ]
    once = hung.sort("shared_at", maintain_order=True).unique(same, keep="first", maintain_order=True)
    asked = once.with_row_index("_at")
    joined = asked.join_asof(
        versions, left_on="shared_at", right_on="known_at", by=BASE, strategy="backward", check_sortedness=False
    ).sort("_at")
    early = joined.filter(pl.col("_told").is_null())
    blamed = {
        str(table): rows.select(pl.col("_told_by").alias(ROW), column="_told_at", rule=pl.lit("EW-R09"))
        for (table,), rows in early.group_by("_told_in", maintain_order=True)
    }
    return joined.with_columns(pl.coalesce("_told", FIRST).alias(ID)), blamed


def _concerns(hung: pl.DataFrame, settled: pl.DataFrame, contacts: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Concerns with ids of their own, and the record that concluded those whose record a closing one follows.

    What one conclusion has raised, a later one that says otherwise raises no second time.
    """
    if hung.is_empty():
        return TABLES["concerns"].empty()
    concern_id = digest(layout.source.name, "concern", pl.col(ID), pl.col("code"), pl.col("category"))
    named = hung.with_columns(concern_id=concern_id).unique("concern_id", keep="first", maintain_order=True)
    carriers = settled.select(ID, "_version", pl.col("kind").is_in(ADDS).alias("_adds"))
    named = named.join(carriers, on=ID, how="left", maintain_order="left")
    again = pl.col("_adds") & (pl.col("_version") > pl.col("_version").min().over(BASE, "category"))
    named = named.filter(~again.fill_null(value=False)) if named["_version"].max() != 1 else named
    closes = contacts.filter("_closes")
    if closes.is_empty():
        return fit(named, "concerns")
    first = closes.sort("known_at", ID).unique("follows", keep="first", maintain_order=True)
    closed = first.select(pl.col("follows").alias(FIRST), pl.col(ID).alias("_closed"))
    joined = named.join(closed, on=FIRST, how="left", maintain_order="left")
    recorded = pl.col("closing") == "recorded"
    return fit(joined.with_columns(closed_by=pl.when(recorded).then("_closed")), "concerns")


def _episodes(
    judged: Mapping[str, Rows], layout: Layout, ids: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """One row an episode, over all deliveries; ids by place; a note where a later delivery ends one otherwise."""
    made = [_spans(rows, episode, layout, ids) for rows in judged.values() for episode in rows.table.episodes]
    whole = pl.concat(made) if made else pl.DataFrame()
    if whole.is_empty():
        place = {TABLE: pl.String, NAME: pl.String, N: pl.UInt32, "episode_id": pl.String}
        return TABLES["episodes"].empty(), pl.DataFrame(schema=place), ()
    spans, notes = one_row_an_episode(whole)
    return spans, whole.select(TABLE, NAME, N, "episode_id"), notes


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
