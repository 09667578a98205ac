"""How fast the core features are counted, beside other ways to count the same values; prints the table of the docs.

    python benchmarks/features.py [--sizes 10k,100k,1m] [--only polars,duckdb,pandas,featuretools,floor,one]
                                  [--repeats 7] [--quick] [--folder KEPT]

Records are drawn in parts of whole children, about thirty contacts each and a few children with hundreds, and written
as a folder of Parquet. For each size: the values of every engine are compared first, all rows, and the benchmark stops
at the first that differs; then the engines take turns, each run in a process of its own, its start excluded. One as-of
day, and twenty-four monthly ones. pandas with networkx, and featuretools, are asked of samples of the smallest size.

CPU is processor time of all threads of the measured section; memory is the most that the whole process held.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from drawn_features import monthly, write_records
from rivals.engines import DUCKDB, FLOOR, LIBRARY, POLARS, TITLES, run_once
from rivals.verified import assert_same

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = {"2k": 2_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
MANY_DAYS = 24
STARTS = {"folder": "from Parquet", "memory": "from memory"}
OTHERS = ("pandas", "featuretools", "one")
ALL = (POLARS, DUCKDB, FLOOR, *OTHERS)
FEW = 3
"""Repeats at a million children, and of many days for a hundred thousand."""

Runs = dict[str, list[dict[str, float]]]


def in_a_process(*words: object) -> dict[str, Any]:
    called = [sys.executable, __file__, *map(str, words)]
    said = subprocess.run(called, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 (this file)
    return json.loads(said.splitlines()[-1])


def once(name: str, folder: Path, days: int, start: str, out: Path) -> dict[str, float]:
    return in_a_process("--once", name, "--folder", folder, "--days", days, "--start", start, "--out", out)


# --- engines that answer for every child -------------------------------------------------------------------------


def compared(engines: Sequence[str], folder: Path, days: int, start: str, place: Path) -> Runs:
    """First run of each engine, its values held against the library's."""
    runs: Runs = {}
    for name in engines:
        out = place / f"{name}.parquet"
        runs[name] = [once(name, folder, days, start, out)]
        if name not in {LIBRARY, FLOOR}:
            assert_same(pl.read_parquet(place / f"{LIBRARY}.parquet"), pl.read_parquet(out), TITLES[name])
            out.unlink()
    return runs


def in_turns(engines: Sequence[str], folder: Path, days: int, start: str, repeats: int) -> Runs:
    """Compare, then time: the comparing runs are not counted."""
    asked = [name for name in engines if start == "folder" or name != FLOOR]
    with tempfile.TemporaryDirectory() as held:
        place = Path(held)
        compared(asked, folder, days, start, place)
        runs: Runs = {name: [] for name in asked}
        for _ in range(repeats):
            for name, spent in runs.items():
                spent.append(once(name, folder, days, start, place / f"{name}.parquet"))
    return runs


def settings(size: str, said: argparse.Namespace) -> list[tuple[int, str]]:
    """How many days, and from where. From memory only where a rival holds everything without strain."""
    if said.quick or SIZES[size] >= SIZES["1m"]:
        return [(1, "folder")]
    many = (1, MANY_DAYS) if size in said.grid.split(",") else (1,)
    return [(days, start) for days in many for start in STARTS]


def repeats_of(size: str, days: int, said: argparse.Namespace) -> int:
    few = SIZES[size] >= SIZES["1m"] or (SIZES[size] >= SIZES["100k"] and days > 1)
    return min(said.repeats, FEW) if few else said.repeats


# --- the report --------------------------------------------------------------------------------------------------


def spread(values: Sequence[float], form: str = ".2f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def ratios(runs: Runs, name: str) -> list[float]:
    """CPU of the library over that of another, run by run in turns."""
    return [ours["cpu"] / its["cpu"] for ours, its in zip(runs[LIBRARY], runs[name], strict=True)]


def show(size: str, days: int, start: str, runs: Runs) -> None:
    said = f"{SIZES[size]:,} children, {'one day' if days == 1 else f'{days} days'}, {STARTS[start]}"
    print(f"\n**{said}**; {len(runs[LIBRARY])} runs in turns, median (and range)\n")
    print("| | CPU, s | wall, s | memory, MB | the library takes so many times its CPU |\n|---|---|---|---|---|")
    for name, spent in runs.items():
        cpu, wall = (spread([run[what] for run in spent]) for what in ("cpu", "wall"))
        times = "" if name == LIBRARY else spread(ratios(runs, name))
        print(f"| {TITLES[name]} | {cpu} | {wall} | {max(run['peak'] for run in spent):,.0f} | {times} |", flush=True)


def show_growth(found: dict[tuple[str, int, str], Runs]) -> None:
    """How CPU grows with the number of children, from the smallest size to the largest: 1 is in proportion."""
    same = {size: runs for (size, days, start), runs in found.items() if (days, start) == (1, "folder")}
    first, last = min(same, key=SIZES.__getitem__), max(same, key=SIZES.__getitem__)
    if first == last:
        return
    print(f"\n**Growth** of CPU from {SIZES[first]:,} to {SIZES[last]:,} children, one day, from Parquet\n")
    print("| | exponent |\n|---|---|")
    for name in same[first]:
        ends = [statistics.median([run["cpu"] for run in same[size][name]]) for size in (first, last)]
        exponent = log(ends[1] / ends[0]) / log(SIZES[last] / SIZES[first])
        print(f"| {TITLES[name]} | {exponent:.2f} |")


def show_sampled(said: argparse.Namespace, folder: Path, size: str, runs: dict[tuple[str, int, str], Runs]) -> None:
    """Print what takes too long for every child, per row, beside the library on every child of the smallest size."""
    rows = SIZES[size]
    ours = {days: [run["cpu"] / rows / days for run in runs[size, days, "memory"][LIBRARY]] for days in (1, MANY_DAYS)}
    middle = {days: statistics.median(spent) for days, spent in ours.items()}
    print(f"\n**Microseconds of CPU a row**, of samples; the library from memory, for all {rows:,} children\n")
    print("| | rows | one row, µs | the library, µs | times |\n|---|---|---|---|---|")
    for other in ("pandas", "featuretools"):
        if other in said.only:
            for title, days, found in in_a_process("--once", other, "--folder", folder)["rows"]:
                each = found["cpu"] / found["rows"]
                print(
                    f"| {title} | {found['rows']:,} | {each * 1e6:,.0f} | {middle[days] * 1e6:,.1f} "
                    f"| {each / middle[days]:,.0f} |",
                    flush=True,
                )


def show_one(folder: Path) -> None:
    found = in_a_process("--once", "one", "--folder", folder)
    wall = [seconds * 1e3 for seconds in found["wall"]]
    print(
        f"\n**One child** out of {found['contacts']:,} contacts in memory, warm: all {found['features']} features, the"
    )
    print("records behind each, and the starting card's score. ", end="")
    print(f"{len(wall)} children, among them the busiest with {found['busiest']:,} contacts\n\n| | median | worst |")
    print(f"|---|---|---|\n| on the wall | {statistics.median(wall):.1f} ms | {max(wall):.1f} ms |")
    parts = {part: statistics.median(spent) * 1e3 for part, spent in found["parts"].items()}
    print("\nOf the median: " + ", ".join(f"{part} {spent:.1f} ms" for part, spent in parts.items()))


# --- one run, in a process of its own ----------------------------------------------------------------------------


def run_of(said: argparse.Namespace) -> dict[str, Any]:
    days = monthly(MANY_DAYS)
    if said.once in OTHERS:
        from rivals import sampled  # noqa: PLC0415 (loads pandas and networkx)

        return getattr(sampled, said.once)(said.folder, days)
    return run_once(said.once, said.folder, days[-said.days :], said.out, in_memory=said.start == "memory")


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--sizes", default="10k,100k,1m", help="of " + ", ".join(SIZES))
    words.add_argument("--only", default=",".join(ALL), help="of " + ", ".join(ALL))
    words.add_argument("--grid", default="10k", help="sizes for which many days are counted too; 100k takes an hour")
    words.add_argument("--repeats", type=int, default=7)
    words.add_argument("--quick", action="store_true", help="10,000 children, one day, two repeats")
    words.add_argument("--folder", type=Path, help="keep the records here, and use those already here")
    for name in ("--once", "--start"):
        words.add_argument(name, help=argparse.SUPPRESS)
    words.add_argument("--days", type=int, help=argparse.SUPPRESS)
    words.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    said = words.parse_args()
    if said.quick:
        said.sizes, said.repeats = "10k", 2
        said.only = ",".join(name for name in said.only.split(",") if name not in OTHERS)
    said.only = said.only.split(",")
    return said


def records_of(size: str, place: Path) -> Path:
    """Folder with so many children, drawn unless it is there."""
    folder = place / size
    if not folder.exists():
        write_records(SIZES[size], folder)
    return folder


def run_all(said: argparse.Namespace, place: Path) -> None:
    engines = [LIBRARY, *(name for name in (POLARS, DUCKDB, FLOOR) if name in said.only)]
    sizes = sorted(said.sizes.split(","), key=SIZES.__getitem__)
    found: dict[tuple[str, int, str], Runs] = {}
    for size in sizes:
        folder = records_of(size, place)
        for days, start in settings(size, said):
            runs = in_turns(engines, folder, days, start, repeats_of(size, days, said))
            found[size, days, start] = runs
            show(size, days, start, runs)
    show_growth(found)
    smallest = records_of(sizes[0], place)
    if {"pandas", "featuretools"}.intersection(said.only) and (sizes[0], MANY_DAYS, "memory") in found:
        show_sampled(said, smallest, sizes[0], found)
    if "one" in said.only:
        show_one(smallest)


def main() -> None:
    said = arguments()
    if said.once:
        print(json.dumps(run_of(said)))
        return
    with tempfile.TemporaryDirectory() as held:
        run_all(said, said.folder or Path(held))


if __name__ == "__main__":
    main()
