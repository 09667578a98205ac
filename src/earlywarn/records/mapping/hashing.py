"""Ids made of what a record says: the same on every machine, in every version, whatever the order of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEY = "earlywarn-record"
SLICE = 100_000
"""Rows hashed at a time."""


def digest(prefix: str, *parts: pl.Expr | str) -> pl.Expr:
    """Return ``<prefix>-<16 hexadecimal digits>`` for each row, from the text of all parts.

    SipHash as pandas computes it, on whole columns: it is no secret and no signature, only a short name. Two records
    that met in one name would be refused as a conflict (EW-R12), never mixed.

    Examples
    --------
    >>> pl.select(digest("x", pl.lit("a"), pl.lit("b"))).item()
    'x-ddc0a65e69d57a0f'

    """
    texts = [pl.lit(p) if isinstance(p, str) else p.cast(pl.String).fill_null("") for p in parts]
    return pl.concat_str(texts, separator="\x1f").map_batches(
        lambda column: _hexadecimal(column, prefix), return_dtype=pl.String
    )


def fingerprint(*parts: pl.Expr) -> pl.Expr:
    """Return one number for the text of all parts: equal where they say the same."""
    texts = [p.cast(pl.String).fill_null("") for p in parts] or [pl.lit("")]
    return pl.concat_str(texts, separator="\x1f").map_batches(
        lambda column: pl.Series(_hashed(column)), return_dtype=pl.UInt64
    )


def _hashed(texts: pl.Series) -> NDArray[np.uint64]:
    """Hash in slices: text is an object each in numpy, and a million of them are large."""
    parts = (texts.slice(start, SLICE) for start in range(0, len(texts), SLICE))
    slices = [pd.util.hash_array(part.to_numpy(), hash_key=_KEY) for part in parts]
    return np.concatenate(slices) if slices else np.array([], dtype=np.uint64)


def _hexadecimal(texts: pl.Series, prefix: str) -> pl.Series:
    hashed = _hashed(texts)
    raw = pa.Array.from_buffers(pa.binary(8), len(hashed), [None, pa.py_buffer(hashed.astype(">u8").tobytes())])
    named = pl.Series(pl.from_arrow(raw.cast(pa.binary()))).bin.encode("hex")
    return (prefix + "-" + named).rename(texts.name)
