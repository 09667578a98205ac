"""Links of households: the same address, and somebody in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.linkage.pairs import AGREE, groups, no_pairs, of_one_source, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

METHOD = "address_and_member"


def by_address(
    frames: Mapping[str, pl.DataFrame], tidy: pl.DataFrame, linked: pl.DataFrame, owned: pl.DataFrame
) -> pl.DataFrame:
    """Pairs of households of different sources that share an address, letter for letter, and a child or a person.

    A household's address is its own where the identities give it, else those of its children. To share means the same
    id, or ids that are linked. Everything else, however likely, is left alone.
    """
    homes = frames["households"].select("household_id", "child_id").unique()
    if homes.is_empty():
        return no_pairs()
    members = _members(homes, frames["people"], linked)
    living = members.join(_addresses(homes, tidy), on="household_id")
    both = living.join(living, on=["subject", "member", "place"], suffix="_other")
    pairs = both.filter(pl.col("household_id") < pl.col("household_id_other")).select(
        subject=pl.lit("household"), child_id="household_id", same_as="household_id_other"
    )
    apart = pairs.unique()
    return whole(
        apart.filter(~of_one_source(apart, owned)).with_columns(
            method=pl.lit(METHOD), identifier=pl.lit(None, pl.String), address=pl.lit(AGREE)
        )
    )


def _members(homes: pl.DataFrame, people: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Children of each household, and the people of these children, each by the least id they are linked to."""
    children = homes.select("household_id", subject=pl.lit("child"), id="child_id")
    adults = homes.join(people.select("child_id", "person_id").unique(), on="child_id")
    both = pl.concat([children, adults.select("household_id", subject=pl.lit("person"), id="person_id")])
    one = pl.coalesce("group", "id").alias("member")
    return both.join(groups(linked), on=["subject", "id"], how="left").select("household_id", "subject", one).unique()


def _addresses(homes: pl.DataFrame, tidy: pl.DataFrame) -> pl.DataFrame:
    place = pl.format("{}|{}", "address", pl.col("postcode").fill_null("")).alias("place")
    said = tidy.filter(pl.col("address").is_not_null()).select("subject", "id", place)
    own = said.filter(pl.col("subject") == "household").select("place", household_id="id")
    of_children = said.filter(pl.col("subject") == "child").join(homes, left_on="id", right_on="child_id")
    lent = of_children.join(own, on="household_id", how="anti").select("place", "household_id")
    return pl.concat([own, lent]).unique()
