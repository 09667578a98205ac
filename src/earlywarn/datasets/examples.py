"""The cohort that ships with the library, and the seed it comes from."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from earlywarn.datasets.synthetic import Synthetic, make_cohort
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Records

EXAMPLE_CHILDREN, EXAMPLE_SEED, EXAMPLE_AS_OF = 240, 0, "2026-11-01"
FOLDER = Path(__file__).parent / "example"


def example_cohort() -> Synthetic:
    """Make the example again from its seed, with its truth.

    Examples
    --------
    >>> example_cohort().records.frames["children"].height
    240

    """
    return make_cohort(EXAMPLE_CHILDREN, seed=EXAMPLE_SEED, until=EXAMPLE_AS_OF)


def load_example() -> Records:
    """Read the make-believe records that ship with the library: 240 children, for use as of 2026-11-01.

    Returns
    -------
    Records
        What agencies wrote. The truth behind it is in ``example_cohort().truth``.

    Examples
    --------
    >>> records = load_example()
    >>> records.frames["children"].height
    240

    """
    return Records({name: pl.read_parquet(FOLDER / f"{name}.parquet") for name in RECORD_TABLES})


def write_example(folder: Path = FOLDER) -> None:
    """Write the tables that ship, after a change of the generator.

    A developer's tool: ``python -c "from earlywarn.datasets.examples import write_example; write_example()"``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in example_cohort().records.frames.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=19)
