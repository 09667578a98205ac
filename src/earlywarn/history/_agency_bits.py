"""Who told whom among organisations, for every row at once: one bit an organisation.

With 31 organisations one row of the graph's matrix is one integer, and what takes a walk through a graph takes a few
operations on whole columns of integers. Degrees and reciprocity come from the same matrix, and to find the parts in it
takes less time than to build one large sparse matrix for `csgraph`. Where nodes are as many as children, `_parts` does
that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.records.codes import ORGANISATIONS

if TYPE_CHECKING:
    import numpy.typing as npt

    Masks = npt.NDArray[np.uint32]

SIZE = len(ORGANISATIONS)
BLOCK = 1 << 13
"""Rows worked on together: their matrices stay in the processor's own memory."""

_BITS = {code: 1 << place for place, code in enumerate(ORGANISATIONS)}


def bit_of(column: str) -> pl.Expr:
    """One bit for an organisation, none for anybody else."""
    return pl.col(column).replace_strict(_BITS, default=0, return_dtype=pl.UInt32)


def agency_measures(rows: pl.DataFrame, tells: pl.DataFrame) -> pl.DataFrame:
    """Measure the graph of who told whom in every row.

    Parameters
    ----------
    rows : polars.DataFrame
        ``row`` and ``holders``: the organisations that raised or hold a record, as bits.
    tells : polars.DataFrame
        ``row``, ``teller`` and ``told``, two organisations as one bit each; a pair may be there more than once.

    Returns
    -------
    polars.DataFrame
        ``row, agencies, agencies_told, tells, silos`` (UInt32), ``centralisation, reciprocity`` (Float64), in the
        order of ``rows``.

    """
    holders = rows["holders"].to_numpy()
    said, heard = (_matrix(rows, tells, *ends) for ends in (("teller", "told"), ("told", "teller")))
    blocks = [
        _of_block(holders[start : start + BLOCK], said[start : start + BLOCK], heard[start : start + BLOCK])
        for start in range(0, max(rows.height, 1), BLOCK)
    ]
    return pl.concat([rows.select("row"), pl.concat(blocks)], how="horizontal")


def _matrix(rows: pl.DataFrame, tells: pl.DataFrame, one: str, other: str) -> Masks:
    """For each row and organisation, the organisations at the other end of its ties."""
    joined = (
        tells.group_by("row", one)
        .agg(pl.col(other).bitwise_or())
        .join(rows.select("row").with_row_index("place"), on="row")
    )
    matrix = np.zeros((rows.height, SIZE), np.uint32)
    matrix[joined["place"].to_numpy(), joined[one].bitwise_trailing_zeros().to_numpy()] = joined[other].to_numpy()
    return matrix


def _of_block(holders: Masks, said: Masks, heard: Masks) -> pl.DataFrame:
    ties = said | heard
    nodes = holders | np.bitwise_or.reduce(ties, axis=1)
    degrees = np.bitwise_count(ties).astype(np.int64)
    pairs = np.bitwise_count(said).sum(axis=1, dtype=np.int64)
    both_ways = np.bitwise_count(said & heard).sum(axis=1, dtype=np.int64)
    size = np.bitwise_count(nodes).astype(np.int64)
    spread = size * degrees.max(axis=1, initial=0) - degrees.sum(axis=1)
    counts = {
        "agencies": np.bitwise_count(holders),
        "agencies_told": np.bitwise_count(nodes & ~holders),
        "tells": pairs,
        "silos": _components(ties, nodes),
    }
    return pl.DataFrame({name: count.astype(np.uint32) for name, count in counts.items()}).with_columns(
        centralisation=_share(spread, (size - 1) * (size - 2), size > 2),
        reciprocity=_share(both_ways, pairs, pairs > 0),
    )


def _share(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64], told: npt.NDArray[np.bool_]) -> pl.Series:
    """Part of a whole, null where there is none to be part of."""
    share = np.divide(part, whole, out=np.zeros(len(part)), where=told)
    return pl.Series(share).set(pl.Series(~told), None)


def _components(ties: Masks, nodes: Masks) -> npt.NDArray[np.int64]:
    """Count the parts that are not tied to each other: organisations that reach none before them in the code list."""
    reached = ties.copy()
    for by in range(SIZE):  # whoever reaches this one reaches all that it reaches (Warshall)
        passes = (reached >> np.uint32(by)) & np.uint32(1)
        reached |= passes * reached[:, by : by + 1]
    before = np.array([(1 << place) - 1 for place in range(SIZE)], np.uint32)
    own = (nodes[:, None] >> np.arange(SIZE, dtype=np.uint32)) & np.uint32(1)
    first = (reached & before == 0) & (own == 1)
    counted: npt.NDArray[np.int64] = np.count_nonzero(first, axis=1)
    return counted
