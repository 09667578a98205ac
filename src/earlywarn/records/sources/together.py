"""Several records folders as one: what the adapters made of each agency's files, put together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.converting import convert
from earlywarn.records.opening.sheets import read_sheets
from earlywarn.records.reading import read_records, records_from_frames
from earlywarn.records.schema import AUDIT_TABLES, RECORD_TABLES
from earlywarn.records.sources import Extract
from earlywarn.records.tables import Account

if TYPE_CHECKING:
    from collections.abc import Sequence

IDENTITIES = Path("linkage") / "identities.parquet"


def read_together(folders: Sequence[Path], *, for_linkage: bool) -> Extract:
    """Read records folders and put their tables under one another.

    Equal rows are taken once; rows of two folders that share an id and differ are refused (EW-R12), as within one.
    A child whom two folders describe differently keeps what they agree on. Names kept for linking come along if
    they are asked for.

    Raises
    ------
    SourceError
        One of them is no records folder, or cannot be read.

    """
    read = [read_records(folder) for folder in sorted(set(folders))]
    frames = {name: pl.concat([r.frames[name] for r in read]) for name in RECORD_TABLES}
    births = frames["children"].with_columns(source=pl.lit(""), source_row=pl.lit(""))
    frames["children"] = _one_row_a_child(frames["children"])
    checked = records_from_frames(frames)
    account = tuple(
        Account(f"{folder.name}/{a.source}", a.table, a.read, a.accepted, a.quarantined, a.collapsed)
        for folder, r in zip(sorted(set(folders)), read, strict=True)
        for a in r.account
    )
    refused = tuple(a for a in checked.account if a.quarantined)
    return Extract(
        {**checked.frames, **_audit(folders)},
        (*account, *refused),
        pl.concat([*(r.quarantine for r in read), checked.quarantine]),
        (),
        births,
        _identities(folders) if for_linkage else pl.DataFrame(),
    )


def _one_row_a_child(children: pl.DataFrame) -> pl.DataFrame:
    """Keep what all agree on, and nothing where they do not: the list of identity conflicts says so."""
    days = [c for c in children.columns if c != "child_id"]
    agreed = [
        pl.when(pl.col(c).drop_nulls().n_unique() == 1).then(pl.col(c).drop_nulls().first()).alias(c) for c in days
    ]
    return children.group_by("child_id", maintain_order=True).agg(agreed)


def _audit(folders: Sequence[Path]) -> dict[str, pl.DataFrame]:
    """Outcomes and attributes, which no record reads, carried over."""
    parts = {name: [_audit_table(folder, name) for folder in sorted(set(folders))] for name in AUDIT_TABLES}
    whole = {name: pl.concat(frames).unique(maintain_order=True) for name, frames in parts.items()}
    return {name: frame for name, frame in whole.items() if not frame.is_empty()}


def _audit_table(folder: Path, name: str) -> pl.DataFrame:
    table = AUDIT_TABLES[name]
    if (path := folder / f"{name}.parquet").is_file():
        return _parquet(path).select(pl.col(c).cast(d) for c, d in table.schema.items())
    if (path := folder / f"{name}.csv").is_file():
        frame = read_sheets(path)[0].frame
        return convert(table, frame)[0].select(table.schema.names())
    return table.empty()


def _identities(folders: Sequence[Path]) -> pl.DataFrame:
    kept = [_parquet(f / IDENTITIES) for f in sorted(set(folders)) if (f / IDENTITIES).is_file()]
    return pl.concat(kept).unique(maintain_order=True) if kept else pl.DataFrame()


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise SourceError(
            f'"{path}" cannot be read as Parquet.',
            expected="what earlywarn wrote",
            fix="read the sources again",
            rule="EW-F13",
        ) from None
