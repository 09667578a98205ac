"""Injuries: what records say of them.

- ``injuries``: one row a record that tells of an injury (its site, or a concern about it): ``sites``, ``agency``;
  ``not_mobile``, a concern says that the child could not move about yet; ``fits``, ``fits_not``, whether it says that
  the explanation does; ``unexplained``, it says that it does not, or carries that concern.
- ``injury_sites``: one row a site of each of them that says whether the explanation fits, in order of site and day.
- ``injury_times``: one row a fact of when an injury happened: ``hours``, from then to the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

TRUE = ("yes", "true", "y", "1")
FALSE = ("no", "false", "n", "0")

_SITE, _EXPLAINED = "injury_site", "injury_explained"
_UNEXPLAINED, _NOT_MOBILE = "injury_unexplained", "injury_not_mobile"


def _said(frames: Frames) -> pl.DataFrame:
    """List what records say of injuries, in facts (``what`` the key) and in concerns (``what`` the category)."""
    key = pl.col("key").is_in((_SITE, _EXPLAINED))
    facts = frames.look.facts.filter(PAST & key).select(*_OF_RECORD, what="key", value=_word).collect()
    about = frames["concerns"].filter(pl.col("category").is_in((_UNEXPLAINED, _NOT_MOBILE)))
    concerns = about.select(*_OF_RECORD, what="category", value=pl.lit(None, pl.String))
    return pl.concat([facts, concerns])


_OF_RECORD = ("row", "current", "days_ago", "record_id", "agency")
_word = pl.col("value").str.strip_chars().str.to_lowercase()


def _injuries(frames: Frames) -> pl.DataFrame:
    what, value = pl.col("what"), pl.col("value")
    explained = value.filter(what == _EXPLAINED)
    fits_not = explained.is_in(FALSE).any()
    records = _said(frames).group_by("row", "current").agg(
        pl.col("days_ago", "record_id", "agency").first(),
        sites=value.filter(what == _SITE).unique(),
        fits=explained.is_in(TRUE).any(),
        fits_not=fits_not,
        not_mobile=(what == _NOT_MOBILE).any(),
        unexplained=fits_not | (what == _UNEXPLAINED).any(),
        injury=(what != _EXPLAINED).any(),
    )  # fmt: skip
    return records.filter("injury").drop("injury").sort("row", "days_ago", "record_id", descending=[False, True, False])


def _injury_sites(frames: Frames) -> pl.DataFrame:
    told = frames["injuries"].filter((pl.col("fits") | pl.col("fits_not")) & (pl.col("sites").list.len() > 0))
    each = told.explode("sites").rename({"sites": "site"})
    return each.sort("row", "site", "days_ago", "record_id", descending=[False, False, True, False])


def _injury_times(frames: Frames) -> pl.DataFrame:
    facts = frames.look.facts.filter(PAST & (pl.col("key") == "injured_at"))
    return facts.select("row", "days_ago", "record_id", hours="value_hours_before").collect()


FRAMES: Mapping[str, BuildFrame] = {
    "injuries": _injuries,
    "injury_sites": _injury_sites,
    "injury_times": _injury_times,
}
CHILD: Mapping[str, BuildColumn] = {}
