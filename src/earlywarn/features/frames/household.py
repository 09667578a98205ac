"""Who is in the child's life.

- ``people``: rows of people in the view: ``person_id, role, adult, ended`` (as the newest row about the person in that
  role says), ``record_id``; ``known_to_lead``, whether social care's own records name the person.

Column of the child: ``lead_knows_any``, whether social care's own records name anyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import Frames
from earlywarn.records.codes import ADULT_ROLES, LEAD_AGENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame


def _people(frames: Frames) -> pl.DataFrame:
    """Mark who the lead agency's own records know. A person is known once the record is, whatever day it tells of."""
    named = _named_by_lead(frames).with_columns(known_to_lead=pl.lit(value=True))
    newest = pl.col("ended").sort_by("time", "record_id", ~pl.col("ended")).last()
    people = frames.look.people.collect()
    return people.join(named, on=["row", "person_id"], how="left", maintain_order="left").with_columns(
        pl.col("known_to_lead").fill_null(value=False),
        adult=pl.col("role").is_in(ADULT_ROLES),
        # an end is learned later, from another record: the newest one about a person in a role decides
        ended=newest.over("row", "person_id", "role"),
    )


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


FRAMES: Mapping[str, BuildFrame] = {"people": _people}
CHILD: Mapping[str, BuildColumn] = {"lead_knows_any": _lead_knows_any}
