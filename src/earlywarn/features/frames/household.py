"""Who is in the child's life, and which other children live with it.

- ``people``: rows of people in the view: ``person_id, role, adult, ended`` (as the newest row about the person in that
  role says), ``record_id``; ``known_to_lead``, whether social care's own records name the person; ``met``, whether a
  record of a visit or meeting with the family does.
- ``linked_children``: one row a household of the child, another child in it, and a day of that child's history:
  ``record_id`` and ``other_record_id``, which put the two there; ``other_id``; ``history_days_ago`` and ``history_id``,
  of a section 47 enquiry, or of a protection plan or care that started. A household in which no other child has a
  history has one row without. ``days_ago`` is that of ``record_id``.

Column of the child: ``lead_knows_any``, whether social care's own records name anyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.records.codes import ADULT_ROLES, LEAD_AGENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame
    from earlywarn.history.lookback import Lookback

MEETINGS = ("visit", "assessment", "encounter", "appointment", "return_interview")
"""Kinds of contact in which somebody met the family."""

GRAVE_EPISODES = ("protection_plan", "looked_after")


def _people(frames: Frames) -> pl.DataFrame:
    """Mark who the lead agency's own records know. A person is known once the record is, whatever day it tells of."""
    named = _named_by_lead(frames).with_columns(known_to_lead=pl.lit(value=True))
    wanted = [c for c in frames.look.people.collect_schema().names() if c in _OF_PERSON or frames.asks(c, of="people")]
    people = _with_newest_end(frames.look.people.select(wanted).collect())
    people = people.join(named, on=["row", "person_id"], how="left", maintain_order="left")
    if frames.asks("met"):
        people = people.join(_met(frames), on=["row", "person_id"], how="left", maintain_order="left")
        people = people.with_columns(pl.col("met").fill_null(value=False))
    return people.with_columns(
        pl.col("known_to_lead").fill_null(value=False),
        adult=pl.col("role").is_in(ADULT_ROLES),
    )


_OF_PERSON = ("row", "days_ago", "person_id", "role", "ended", "time", "record_id")


def _with_newest_end(people: pl.DataFrame) -> pl.DataFrame:
    """Decide by the newest row about a person in a role: an end is learned later, from another record."""
    one = ["row", "person_id", "role"]
    if not people["ended"].any():
        return people
    of_ended = people.join(people.filter("ended").select(one).unique(), on=one, how="semi")
    newest = (
        of_ended.sort("time", "record_id", ~pl.col("ended")).group_by(one).agg(pl.col("ended").last().alias("over"))
    )
    whole = people.join(newest, on=one, how="left", maintain_order="left")
    return whole.with_columns(ended=pl.col("over").fill_null(value=False)).drop("over")


def _named_by_lead(frames: Frames) -> pl.DataFrame:
    """People whom social care's own view names, at every viewer's row of that child and day."""
    lead = frames.look.of(LEAD_AGENCY)
    places = frames.look.spine.select("row", "child_id", "as_of").join(
        lead.spine.select("child_id", "as_of", lead_row="row"), on=["child_id", "as_of"]
    )
    named = lead.people.select("person_id", lead_row="row").unique().collect()
    return places.join(named, on="lead_row").select("row", "person_id")


def _lead_knows_any(frames: Frames) -> pl.Series:
    known = _named_by_lead(frames).select("row").unique().with_columns(any=pl.lit(value=True))
    return frames.spread(known, "any", otherwise=False)


def _met(frames: Frames) -> pl.DataFrame:
    """Find people whom a contact names in which somebody met the family."""
    kind = pl.lit(frames.look.contacts["kind"]).gather("current")
    people = frames.look.people.filter(kind.is_in(MEETINGS)).select("row", "person_id", record="current").collect()
    met = people.join(frames["contacts"].select("row", "record"), on=["row", "record"], how="semi")
    return met.select("row", "person_id", met=pl.lit(value=True)).unique()


_SEAT = ("as_of", "viewer", "household_id")


def _linked_children(frames: Frames) -> pl.DataFrame:
    """Join children who share a household in one view; those nobody asked about are looked at too, as among all."""
    look = frames.look
    own = _homes(look)
    around = look if look.holds_everybody else look.with_children(_mates(look, own))
    homes = own if around is look else _homes(around)
    others = homes.join(_histories(around), on="row").select(
        *_SEAT, "history_days_ago", "history_id", other_id="child_id", other_record_id="record_id"
    )
    pairs = own.join(others, on=_SEAT).filter(pl.col("child_id") != pl.col("other_id"))
    alone = own.join(pairs.select("row", "household_id"), on=["row", "household_id"], how="anti")
    return pl.concat([pairs, alone], how="diagonal").drop(*_SEAT, "child_id")


def _homes(look: Lookback) -> pl.DataFrame:
    """Find households that have begun and not ended; what a shielded record says of where a child is joins nobody."""
    shielded = pl.lit(look.contacts["handling"] == "shielded").gather("current").fill_null(value=False)
    there = look.households.filter(PAST & pl.col("begun") & ~pl.col("ended") & ~shielded)
    rows = there.select("row", "days_ago", "record_id", "household_id").unique().collect()
    return rows.join(look.spine.select("row", "child_id", "as_of", "viewer"), on="row")


def _mates(look: Lookback, own: pl.DataFrame) -> list[str]:
    """Ids of the children whom any record puts into these households, by whatever id it names them."""
    linked = look.same.filter(pl.col("subject") == "household").join(
        own.select("as_of", same="household_id"), on=["as_of", "same"], how="semi"
    )
    households = pl.concat([own["household_id"], linked["id"]]).unique()
    named = look.source.frames["households"].filter(pl.col("household_id").is_in(households.implode()))
    return pl.concat([own["child_id"], named["child_id"]]).unique().to_list()


def _histories(look: Lookback) -> pl.DataFrame:
    """Days of section 47 enquiries, and on which a protection plan or care started."""
    enquired = (look.contacts["kind"] == "strategy_enquiry").gather(look.held["record"])
    enquiries = look.records_in(look.held.filter(enquired & (look.held["days_ago"] >= 1)))
    starts = look.episodes.filter(pl.col("kind").is_in(GRAVE_EPISODES) & (pl.col("start_days_ago") >= 1))
    days = [
        enquiries.select("row", "record_id", history_days_ago="days_ago"),
        starts.select("row", "record_id", history_days_ago="start_days_ago"),
    ]
    return pl.concat(days).rename({"record_id": "history_id"}).collect()


FRAMES: Mapping[str, BuildFrame] = {"people": _people, "linked_children": _linked_children}
CHILD: Mapping[str, BuildColumn] = {"lead_knows_any": _lead_knows_any}
