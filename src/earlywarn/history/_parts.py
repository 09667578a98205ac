"""The parts of a graph of children and what they share, between which there is no tie."""

from __future__ import annotations

import numpy as np
import polars as pl


def parts_of(ties: pl.DataFrame) -> pl.DataFrame:
    """Count the children and hubs of every part.

    There are as many nodes as children, so this is one sparse graph and one pass through it.

    Parameters
    ----------
    ties : polars.DataFrame
        ``child_id``, ``kind``, ``hub``: each child and hub once.

    Returns
    -------
    polars.DataFrame
        ``children, hubs`` (UInt32), the largest first.

    """
    from scipy.sparse import coo_array  # noqa: PLC0415 (slow to load)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    child, children = _numbered(ties, "child_id")
    hub, hubs = _numbered(ties, "kind", "hub")
    size = children + hubs
    graph = coo_array((np.ones(ties.height, bool), (child, hub + children)), shape=(size, size))
    part = connected_components(graph, directed=False)[1] if size else np.array([], np.int32)
    return (
        pl.DataFrame({"part": part, "is_child": np.arange(size) < children})
        .group_by("part")
        .agg(children=pl.col("is_child").sum(), hubs=(~pl.col("is_child")).sum())
        .drop("part")
        .sort("children", "hubs", descending=True)
    )


def _numbered(ties: pl.DataFrame, *columns: str) -> tuple[np.ndarray, int]:
    """Return a number from 0 for each tie's end, and how many ends there are."""
    ends = ties.select(columns).unique().with_row_index("number")
    numbers = ties.select(columns).join(ends, on=columns, how="left", maintain_order="left")["number"]
    return numbers.to_numpy().astype(np.int64), ends.height
