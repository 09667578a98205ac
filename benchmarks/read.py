"""How fast, and in how much memory, a large folder is read and checked, beside a bare polars read of the same file.

    python benchmarks/read.py [--rows 1000000] [--rounds 5] [--seed 7]

One file of contacts is made, as CSV and as Parquet, in a temporary folder. Each reading happens in a process of its
own, ours and the bare one in turn, so that neither has the other's memory or a warmer cache. Processor time is that of
the reading alone, imports apart; memory is the most the whole process held. A bare read believes every cell: it types
what it can guess, asks no rule and accounts for no row, so it is a floor and not a rival.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from earlywarn.records.reading import read_records
from earlywarn.records.writing import write_tables

DAY_ONE = np.datetime64("2022-01-01T00:00:00", "us")
MINUTES = 4 * 365 * 24 * 60
CODES = {
    "agency": ["social_care", "police", "gp", "school", "hospital", "health_visiting"],
    "kind": ["contact", "visit", "encounter", "incident", "appointment", "referral"],
    "mode": ["in_person", "phone", "online", None],
    "attendance": ["attended", "attended", "was_not_brought", None],
    "outcome": ["advice", "no_further_action", None, None],
}


def contacts(rows: int, seed: int = 7) -> pl.DataFrame:
    """Contacts that keep every rule: about eight a child, one in twenty following the one before it."""
    draw = np.random.default_rng(seed)
    number = pl.Series(np.arange(rows))
    codes = {name: pl.Series(some)[draw.integers(0, len(some), rows)] for name, some in CODES.items()}
    happened = np.sort(DAY_ONE + draw.integers(0, MINUTES, rows).astype("timedelta64[m]"))
    known = happened + draw.integers(0, 48 * 60, rows).astype("timedelta64[m]")
    child = pl.Series(draw.integers(0, max(rows // 8, 1), rows))
    some = {name: pl.Series(draw.integers(0, 4, rows) == 0) for name in ("planned", "child_seen", "seen_alone")}
    frame = pl.DataFrame({"n": number, "child": child, "occurred_at": happened, "known_at": known, **codes, **some})
    return frame.sort("known_at", maintain_order=True).select(
        record_id=pl.format("feed-{}", pl.col("n").cast(pl.String).str.zfill(9)),
        child_id=pl.format("301-{}", pl.col("child").cast(pl.String).str.zfill(8)),
        agency="agency",
        held_by="agency",
        org_id=pl.format("team-{}", pl.col("n") % 40),
        kind="kind",
        about=pl.lit("child"),
        mode="mode",
        planned="planned",
        attendance="attendance",
        child_seen="child_seen",
        seen_alone="seen_alone",
        occurred_at="occurred_at",
        occurred_precision=pl.lit("instant"),
        recorded_at="known_at",
        recorded_basis=pl.lit("source"),
        known_at="known_at",
        worker_id=pl.format("worker-{}", pl.col("n") % 997),
        place_id=pl.lit(None, pl.String),
        episode_id=pl.lit(None, pl.String),
        follows=pl.when(pl.col("n") % 20 == 0).then(_before("n")),
        outcome="outcome",
        handling=pl.lit(None, pl.String),
        source=pl.lit("contacts.csv"),
        source_row=pl.col("n").cast(pl.String),
    )


def _before(number: str) -> pl.Expr:
    """The record of the same child before this one."""
    before = pl.col(number).shift(1).over("child", order_by="known_at")
    return pl.format("feed-{}", before.cast(pl.String).str.zfill(9))


# --- one reading, in a process of its own ------------------------------------------------------------------------


def make(folder: Path, rows: int, seed: int) -> None:
    frame = contacts(rows, seed)
    write_tables({"contacts": frame}, folder / "csv", form="csv")
    write_tables({"contacts": frame}, folder / "parquet")


def ours(folder: Path) -> int:
    return read_records(folder).frames["contacts"].height


def bare(folder: Path) -> int:
    path = next(folder.iterdir())
    return (pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)).height


READERS = {"ours": ours, "polars": bare}


def measured(reader: str, folder: Path) -> dict[str, float]:
    """What one reading cost: rows, seconds of processor, and the most memory in megabytes."""
    started = time.process_time()
    rows = READERS[reader](folder)
    return {"rows": rows, "cpu": time.process_time() - started, "peak": peak()}


def peak() -> float:
    """Most memory this process has held, in megabytes; NaN where the system does not say."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` begins with what the parent held
        held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1e3
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def in_a_process(*words: object) -> str:
    called = [sys.executable, __file__, *map(str, words)]
    return subprocess.run(called, check=True, capture_output=True, text=True).stdout  # noqa: S603 (this file itself)


# --- the comparison ----------------------------------------------------------------------------------------------


def compare(folder: Path, rounds: int) -> None:
    size = sum(p.stat().st_size for p in folder.iterdir()) / 1e6
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
    for _ in range(rounds):
        for reader, runs in found.items():
            runs.append(json.loads(in_a_process("--once", reader, "--folder", folder)))
    rows = {reader: [run["rows"] / run["cpu"] for run in runs] for reader, runs in found.items()}
    print(f"\n{folder.name}: {found['ours'][0]['rows']:,.0f} rows, {size:,.0f} MB")
    for reader, speeds in rows.items():
        most = max(run["peak"] for run in found[reader])
        spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
        print(f"  {reader:<7} {statistics.median(speeds):>12,.0f} rows a CPU-second ({spread}), at most {most:,.0f} MB")
    ratio = statistics.median(rows["polars"]) / statistics.median(rows["ours"])
    print(f"  reading and checking takes {ratio:.1f} times the processor time of the bare read")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--once", choices=[*READERS, "make"], help=argparse.SUPPRESS)
    words.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    said = words.parse_args()
    if said.once == "make":
        make(said.folder, said.rows, said.seed)
    elif said.once:
        print(json.dumps(measured(said.once, said.folder)))
    else:
        with tempfile.TemporaryDirectory() as place:
            in_a_process("--once", "make", "--folder", place, "--rows", said.rows, "--seed", said.seed)
            for form in ("csv", "parquet"):
                compare(Path(place) / form, said.rounds)


if __name__ == "__main__":
    main()
