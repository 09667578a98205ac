"""What the rows say of the children themselves: days of life, identifiers, attributes, and names to link by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.mapping.emit import cell
from earlywarn.records.mapping.layout import named_in
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, SHEET, N
from earlywarn.records.mapping.tables import LIFE, beside, fit, one_row_a_child
from earlywarn.records.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.records.mapping.layout import Layout
    from earlywarn.records.mapping.rows import Rows


def life(rows: Rows, files: Sequence[str]) -> pl.DataFrame:
    """Who says which days of birth and death of a child, and where: rows refused only for disagreeing too.

    ``_sound`` is false for those: they are listed for a person, and make no child.
    """
    schema = pl.Schema(
        {
            "child_id": pl.String(),
            **dict.fromkeys(LIFE, pl.Date()),
            "source": pl.String(),
            "source_row": pl.String(),
            EXTRACT_AT: pl.Datetime("us"),
            SHEET: pl.UInt32(),
            "_sound": pl.Boolean(),
        }
    )
    if not rows.table.children:
        return pl.DataFrame(schema=schema)
    refused, faulty = (rows.findings.filter(rule)["_row"].implode() for rule in (True, pl.col("rule") != "EW-R12"))
    names = pl.DataFrame({SHEET: range(len(files)), "source": files}, schema={SHEET: pl.UInt32, "source": pl.String})
    return (
        beside(rows.frame, names, SHEET)
        .filter(~pl.col(N).is_in(faulty))
        .select(
            pl.col(CHILD).alias("child_id"),
            *(cell(rows.table.children.get(n), rows.table, pl.Date()).alias(n) for n in LIFE),
            "source",
            pl.col(ROW).cast(pl.String).alias("source_row"),
            EXTRACT_AT,
            SHEET,
            (~pl.col(N).is_in(refused)).alias("_sound"),
        )
        .cast(schema)
    )


def children(births: pl.DataFrame) -> pl.DataFrame:
    """Return one row a child of whom at least one row was taken."""
    taken = births.filter("_sound")["child_id"].implode()
    return one_row_a_child(births).filter(pl.col("child_id").is_in(taken))


def identifiers(judged: Mapping[str, Rows], layout: Layout) -> pl.DataFrame:
    """Return every identifier the rows give, and the child's own number in its source."""
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


def attributes(judged: Mapping[str, Rows]) -> pl.DataFrame:
    """Return what is for audit alone."""
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
    return fit(pl.concat(filled), name).unique(maintain_order=True) if filled else TABLES[name].empty()


def identities(judged: Mapping[str, Rows], layout: Layout) -> pl.DataFrame:
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
