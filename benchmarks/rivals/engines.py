"""Each engine by its name: how it answers from a folder and from records in memory, and what one run of it costs."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from read import peak

from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.features.parts import write_features
from earlywarn.records.parted import RecordsInParts
from earlywarn.records.tables import Records

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LIBRARY, POLARS, DUCKDB, FLOOR = "library", "polars", "duckdb", "floor"
MODULES = {POLARS: "rivals.polars_by_hand", DUCKDB: "rivals.duckdb_two_level"}
TITLES = {
    LIBRARY: "`build_features`",
    POLARS: "Polars by hand",
    DUCKDB: "DuckDB, two levels",
    FLOOR: "reading the columns once",
}


@dataclass(frozen=True)
class Engine:
    """From a folder to a file of values, and from tables in memory to values."""

    from_folder: Callable[[Path, Sequence[dt.date], Path], Any]
    from_frames: Callable[[Mapping[str, pl.DataFrame], Sequence[dt.date]], pl.DataFrame] | None


def library_from_folder(folder: Path, days: Sequence[dt.date], out: Path) -> None:
    """Count the core features of a folder part by part, and write them. Like its rivals it believes what it reads."""
    out.unlink(missing_ok=True)
    write_features(RecordsInParts(folder, checked=False), days, out, features=CORE)


def library_from_frames(frames: Mapping[str, pl.DataFrame], days: Sequence[dt.date]) -> pl.DataFrame:
    """Count the core features of records in memory."""
    return build_features(Records(frames), days, features=CORE).to_polars().drop("viewer")


def engine(name: str) -> Engine:
    """Return an engine; its module is loaded only now, so that no run pays for another's."""
    if name == LIBRARY:
        return Engine(library_from_folder, library_from_frames)
    if name == FLOOR:
        return Engine(lambda folder, *_: read_columns(folder), None)
    module = importlib.import_module(MODULES[name])
    return Engine(lambda folder, days, out: module.from_folder(folder, days).write_parquet(out), module.from_frames)


def read_columns(folder: Path) -> None:
    """Read every column that the features need, part by part, and nothing else."""
    from rivals.polars_by_hand import COLUMNS  # noqa: PLC0415 (a plain list of columns)

    for name, columns in COLUMNS.items():
        for part in sorted((folder / f"{name}.parquet").iterdir()):
            pl.read_parquet(part, columns=columns.split())


def frames_of(folder: Path) -> dict[str, pl.DataFrame]:
    """Tables of a folder, whole, in memory."""
    return {path.stem: pl.read_parquet(path / "*.parquet") for path in sorted(folder.iterdir())}


def run_once(name: str, folder: Path, days: Sequence[dt.date], out: Path, *, in_memory: bool) -> dict[str, float]:
    """Run an engine once: CPU and wall of the measured section, and the most the process held.

    From memory, the tables are loaded before the clock starts; the values are written after it has stopped.
    """
    chosen = engine(name)
    frames = frames_of(folder) if in_memory else {}
    wall, cpu = time.perf_counter(), time.process_time()
    if not in_memory:
        chosen.from_folder(folder, days, out)
    elif chosen.from_frames is not None:
        found = chosen.from_frames(frames, days)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "peak": peak()}
    if in_memory and chosen.from_frames is not None:
        found.write_parquet(out)
    return spent
