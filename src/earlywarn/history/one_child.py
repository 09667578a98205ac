"""The records of one child in one view as events, who knew each from when, and what was passed on.

Everything here starts from a view limited to one child, so that its cost does not grow with the other children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.days import midnight
from earlywarn.history.knowledge import corrections, indexed_contacts, knowledge, resolve
from earlywarn.records.codes import (
    ABOUT,
    ATTENDANCE,
    CONCERNS,
    CONFERRING_EXTENTS,
    KINDS,
    MODES,
    ORGANISATIONS,
    OUTCOMES,
    label,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.history.view import View

TO_THE_DAY = ("instant", "day")
WRITTEN_DOWN = ("source", "received_date")
"""Bases of a recording time that say when the holder knew; the others were set by a rule, and measure no delay."""

RAISED, HOLDS, TOLD, NOT_THERE, CANNOT_TELL = "raised", "holds", "told", "not in its records", "cannot tell"
"""How an organisation knew a record, whether its records show that it did not, or that this view cannot say."""


@dataclass(frozen=True)
class Sight:
    """What one view holds of one child.

    Parameters
    ----------
    events, known, acts : polars.DataFrame
        As in `earlywarn.history.chronology.Chronology`.

    """

    events: pl.DataFrame
    known: pl.DataFrame
    acts: pl.DataFrame


def sight_of(view: View) -> Sight:
    """Put together what a view limited to one child holds.

    Parameters
    ----------
    view : View
        Of one child, with a record.

    """
    contacts = view.frames["contacts"]
    versions = _versions(view)
    acts = _acts(view, contacts)
    return Sight(_events(view, contacts, versions), _known(versions, acts), acts)


def _versions(view: View) -> pl.DataFrame:
    """Every version of a record that the viewer knew, under the id of the one that stands for it in this view.

    Who held an older version knew from then.
    """
    indexed, end = indexed_contacts(view.records), midnight(view.day)
    knew = knowledge(view.records, [view.seen_by]).filter(
        (pl.col("viewer") == view.seen_by) & (pl.col("known_at") < end)
    )
    now = resolve(knew.select("viewer", "record", as_of=pl.lit(view.day)), corrections(indexed)).select(
        "record", "current"
    )
    ids = indexed.select(pl.col("record").alias("current"), pl.col("record_id").alias("current_id"))
    whole = indexed.filter(pl.col("known_at") < end).select("record", "record_id", "agency", "held_by", "known_at")
    mine = whole.join(knew.select("record"), on="record", how="semi")
    return now.join(ids, on="current").join(mine, on="record")


def _acts(view: View, contacts: pl.DataFrame) -> pl.DataFrame:
    confers = (pl.col("decision") == "shared") & pl.col("extent").is_in(CONFERRING_EXTENTS)
    return (
        view.acts.join(contacts.select("record_id"), on="record_id", how="semi")
        .select("record_id", "teller", "shared_at", "decision", "extent", agency="to_agency", confers=confers)
        .select("record_id", "teller", "agency", "shared_at", "decision", "extent", "confers")
        .sort("shared_at", "record_id", "agency", "decision", "extent")
    )


def _known(versions: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """Say who knew each record: who raised or holds a version of it, and whom an act in this view told.

    One agency's view shows whom it told or was told by, not what others told each other.
    """
    own = [
        versions.select("known_at", record_id="current_id", agency=pl.col(by), told=pl.lit(value=False))
        for by in ("agency", "held_by")
    ]
    told = acts.filter("confers").select("record_id", "agency", known_at="shared_at", told=pl.lit(value=True))
    columns = ["record_id", "agency", "known_at", "told"]
    return (
        pl.concat([f.select(columns) for f in (*own, told)])
        .filter(pl.col("agency").is_in(ORGANISATIONS))
        .group_by("record_id", "agency")
        .agg(pl.col("known_at").min(), pl.col("told").all())
        .sort("known_at", "record_id", "agency")
    )


def _events(view: View, contacts: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    held_from = versions.group_by(record_id="current_id").agg(held_from=pl.col("known_at").min())
    older = versions.select(follows="record_id", concludes="current_id")
    ahead = (pl.col("occurred_at") >= midnight(view.day)).fill_null(value=False)
    rows = (
        contacts.join(_concerns(view.frames["concerns"]), on="record_id", how="left")
        .join(held_from, on="record_id", how="left")
        .join(older, on="follows", how="left")
        .with_columns(at=pl.coalesce("occurred_at", "known_at"), ahead=ahead)
        .sort("at", "record_id")
    )
    since = (pl.col("at").dt.date() - pl.col("at").dt.date().shift(1)).dt.total_days().cast(pl.Int32)
    return rows.select(
        *("record_id", "at", "agency", "held_by", "kind"),
        _words("kind", {code: kind.label for code, kind in KINDS.items()}).alias("what"),
        "concerns",
        _words("outcome", OUTCOMES),
        "ahead",
        known_at="held_from",
        gap_days=since,
        delay_days=_delay(),
        detail=_detail(),
        precision=pl.when(pl.col("occurred_at").is_null()).then(pl.lit("unknown")).otherwise("occurred_precision"),
        follows=pl.when(pl.col("kind") == "conclusion").then("concludes"),
    )


def _delay() -> pl.Expr:
    """Days from the event to when its holder knew it, where the source wrote both down."""
    days = (pl.col("held_from").dt.date() - pl.col("occurred_at").dt.date()).dt.total_days().cast(pl.Int32)
    told = pl.col("occurred_precision").is_in(TO_THE_DAY) & pl.col("recorded_basis").is_in(WRITTEN_DOWN)
    return pl.when(told & (days >= 0)).then(days)


def _detail() -> pl.Expr:
    """How it was done, about whom if not the child, and whether it took place."""
    seen = (
        pl.when("child_seen")
        .then(pl.when("seen_alone").then(pl.lit("child seen alone")).otherwise(pl.lit("child seen")))
        .when(~pl.col("child_seen"))
        .then(pl.lit("child not seen"))
    )
    about = pl.when(pl.col("about") != "child").then("about the " + _words("about", ABOUT))
    parts = (about, _words("mode", MODES), _words("attendance", ATTENDANCE), seen)
    said = pl.concat_str(*parts, separator="; ", ignore_nulls=True)
    return pl.when(said != "").then(said)


def _concerns(rows: pl.DataFrame) -> pl.DataFrame:
    """All concerns of each record as one text, in words."""
    named = {code: label(code, CONCERNS) for code in rows["category"].unique()}
    words = rows.select("record_id", "category", concern=_words("category", named)).sort("record_id", "category")
    return words.group_by("record_id", maintain_order=True).agg(
        concerns=pl.col("concern").unique(maintain_order=True).str.join(", ")
    )


def _words(column: str, words: Mapping[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(words), default=None, return_dtype=pl.String)


def knowing(
    events: pl.DataFrame,
    known: pl.DataFrame,
    acts: pl.DataFrame,
    holders: Sequence[str],
    seats: Sequence[str],
    own: Sequence[str],
) -> pl.DataFrame:
    """For every event and organisation, whether and when the organisation knew of it.

    Parameters
    ----------
    events, known, acts : polars.DataFrame
        As in `earlywarn.history.chronology.Chronology`.
    holders, seats, own : sequence of str
        Organisations whose own records are here; those asked about; those whose knowledge the view is.

    Returns
    -------
    polars.DataFrame
        As `earlywarn.history.chronology.Chronology.by_agency` says.

    """
    rows = events.select("record_id", "agency", "held_by", held_from="known_at").join(
        pl.DataFrame({"seat": seats}, schema={"seat": pl.String}), how="cross"
    )
    by_time = acts.filter("confers").sort("shared_at", "extent")
    first = by_time.group_by("record_id", seat="agency").agg(pl.col("extent").first())
    after = (pl.col("known_at").dt.date() - pl.col("held_from").dt.date()).dt.total_days().cast(pl.Int32)
    keys = ["record_id", "seat"]
    return (
        rows.join(known.rename({"agency": "seat"}), on=keys, how="left", maintain_order="left")
        .join(first, on=keys, how="left", maintain_order="left")
        .select(
            "record_id",
            agency="seat",
            how=_how(holders, own),
            known_at="known_at",
            days_after=after,
            extent=pl.when("told").then("extent"),
        )
    )


def _how(holders: Sequence[str], own: Sequence[str]) -> pl.Expr:
    """How a seat knew a record. That it did not is said only where the view holds every act of telling about it."""
    all_seen = pl.any_horizontal(pl.col(c).is_in(own) for c in ("seat", "agency", "held_by"))
    absent = pl.when(all_seen & pl.col("seat").is_in(holders)).then(pl.lit(NOT_THERE)).otherwise(pl.lit(CANNOT_TELL))
    raised = pl.when(pl.col("seat") == pl.col("agency")).then(pl.lit(RAISED)).otherwise(pl.lit(HOLDS))
    return pl.when(pl.col("known_at").is_null()).then(absent).when("told").then(pl.lit(TOLD)).otherwise(raised)
