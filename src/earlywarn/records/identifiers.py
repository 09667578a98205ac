"""Finding a child by any identifier a person may have at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError

if TYPE_CHECKING:
    from earlywarn.records.tables import Records


def find_child(records: Records, name: str) -> str:
    """Return the child_id a person means: the id itself, or an agency's identifier that only one child has.

    Raises
    ------
    ArgumentError
        No child, or more than one.

    """
    if (records.frames["contacts"]["child_id"] == name).any() or (records.frames["children"]["child_id"] == name).any():
        return name
    found = records.frames["identifiers"].filter(pl.col("value") == name)["child_id"].unique().to_list()
    if len(found) == 1:
        return str(found[0])
    raise ArgumentError(
        "More than one child has this identifier." if found else "No child of these records has this id.",
        expected="a child_id of these records, or an identifier that one child has",
        fix="look the child up in contacts, or in the scores of a run",
    )
