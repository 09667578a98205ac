"""A million rows, each time in a process of its own: what reading them may take of memory, and that it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BENCHMARK = ROOT / "benchmarks" / "read.py"
ROWS = 1_000_000
MOST = 1500
"""Megabytes that the whole process may hold at once."""

pytestmark = [
    pytest.mark.scale,
    pytest.mark.skipif(os.name == "nt", reason="Windows does not say how much memory a process has held"),
    pytest.mark.skipif(not BENCHMARK.exists(), reason="the benchmark is not part of what is installed"),
]

LIMITED = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import polars as pl
from read import contacts, peak
from earlywarn.features.engine import build_features
from earlywarn.records.reading import read_records
from earlywarn.records.writing import write_tables

frame = contacts(int(sys.argv[3])).with_columns(child_id=pl.lit("c1"))
write_tables({"contacts": frame}, Path(sys.argv[4]), form="csv")
records = read_records(sys.argv[4])
table = build_features(records, "2026-11-01")
print(json.dumps({"rows": records.frames["contacts"].height, "children": table.values.height}))
"""


def run(*words: object) -> dict[str, float]:
    """What a process of its own prints, with two threads whatever the machine has."""
    environment = os.environ | {"POLARS_MAX_THREADS": "2"}
    ended = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout or "{}")


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("million")
    run(BENCHMARK, "--once", "make", "--folder", place, "--rows", ROWS)
    return place


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_million_rows_are_read_and_checked_in_bounded_memory(million: Path, form: str) -> None:
    found = run(BENCHMARK, "--once", "ours", "--folder", million / form)
    assert found["rows"] == ROWS
    assert found["peak"] < MOST


def test_a_million_rows_of_one_child_are_read_and_counted(tmp_path: Path) -> None:
    found = run("-c", LIMITED, 8 << 30, BENCHMARK.parent, ROWS, tmp_path / "one")
    assert found == {"rows": ROWS, "children": 1}
