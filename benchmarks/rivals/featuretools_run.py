"""featuretools, in an environment of its own, on what it can express: 24 columns, six in each of four windows.

It cannot ask what happened within a window *and* was known by the cutoff, so corrections, tellings and what was known
on the last day are settled for it beforehand, outside the clock. With one shared cutoff, that last day, its columns
then equal the library's and are compared; with other cutoffs they speak of another state of knowledge and are timed
alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.features.catalogue import CORE
from earlywarn.features.engine import build_features
from earlywarn.records.codes import ENDED_WITHOUT_ACTION, MISSED
from rivals.polars_by_hand import agency_days, past_records

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from earlywarn.records.tables import Records

NEEDS = ("featuretools==1.31.*", "pandas<3", "pyarrow", "setuptools<81")
SCRIPT = Path(__file__).with_name("featuretools_script.py")

SAME = {
    **{f"contacts_{w}d": f"contacts count {w}d" for w in (30, 90, 365)},
    "unplanned_contacts_90d": "contacts unplanned 90d",
    "agencies_365d": "contacts agencies 365d",
    "missed_365d": "records missed 365d",
    "closed_no_action_365d": "records ended days 365d",
}
"""Columns the library has too, where the cutoff is the last day."""


def make_environment(folder: Path) -> Path:
    """Make an environment with featuretools, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-qq", *NEEDS], check=True)  # noqa: S603 (its own environment)
    return python


def run(
    records: Records, days: Sequence[dt.date], *, children: tuple[int, int, int] = (10_000, 500, 500), seed: int = 7
) -> dict[str, Any]:
    """Time three kinds of cutoff for so many children: the last day shared, all days shared, a day of its own each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        python = make_environment(folder / "env")
        table = write_input(records, days, folder, children, seed)
        said = subprocess.run(  # noqa: S603 (its own environment)
            [python, SCRIPT, folder], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        compare(table, pl.read_parquet(folder / "values_one shared.parquet"))
        return json.loads(said.splitlines()[-1])


def write_input(
    records: Records, days: Sequence[dt.date], folder: Path, children: tuple[int, int, int], seed: int
) -> pl.DataFrame:
    """Write what the script reads; return the library's values of the children asked for the last day."""
    day = max(days)
    past = past_records(records.frames, day)
    _contacts(past, day).write_parquet(folder / "contacts.parquet")
    _records(past, day).write_parquet(folder / "records.parquet")
    values = build_features(records, day, features=CORE).to_polars()
    values.select("child_id").write_parquet(folder / "children.parquet")
    some = values["child_id"].sample(min(max(children), values.height), seed=seed)
    shared = pl.DataFrame({"time": sorted(days)}).cast(pl.Datetime("ns"))
    last = shared.tail(1)
    own = last.join(pl.DataFrame({"back": range(children[2])}), how="cross")
    own = own.select(pl.col("time") - pl.duration(days=pl.col("back"), time_unit="ns"))
    cutoffs = {
        "one shared": some.head(children[0]).to_frame().join(last, how="cross"),
        "24 shared": some.head(children[1]).to_frame().join(shared, how="cross"),
        "one a row": pl.concat([some.head(children[2]).to_frame(), own.head(len(some))], how="horizontal"),
    }
    for kind, rows in cutoffs.items():
        rows.sort("time").write_parquet(folder / f"cutoffs_{kind}.parquet")
    return values.filter(pl.col("child_id").is_in(some.head(children[0]).implode()))


def _contacts(past: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Contacts once an agency and day."""
    children = past.select("child", "child_id").unique()
    days = agency_days(past.lazy()).collect().join(children, on="child").with_row_index("id")
    return days.select("id", "child_id", "agency", pl.col("unplanned").cast(pl.Int64), day=_day(day))


def _records(past: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Records; a day as a number, or an agency's day, is filled where there is something to count."""
    missed = pl.col("attendance").is_in(MISSED)
    return past.with_row_index("id").select(
        "id",
        "child_id",
        day=_day(day),
        ended_on=pl.when(pl.col("outcome").is_in(ENDED_WITHOUT_ACTION)).then(pl.format("{}", "ago")),
        missed=pl.when(missed).then(pl.format("{} {}", "agency", "ago")),
        seen_on=pl.when("child_seen").then(-pl.col("ago").cast(pl.Float64)),
    )


def _day(day: dt.date) -> pl.Expr:
    return (pl.lit(day) - pl.duration(days=pl.col("ago"))).cast(pl.Datetime("ns"))


def compare(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    """Stop where a column that both have differs for a child."""
    joined = ours.join(theirs.cast({"child_id": pl.String}), on="child_id")
    if joined.height != ours.height:
        raise AssertionError("featuretools answered for other children")
    for name, column in SAME.items():
        wrong = joined.filter(pl.col(name) != pl.col(column).cast(pl.Float64).fill_null(0))
        if wrong.height:
            raise AssertionError(f"{name} of child {wrong['child_id'][0]} differs between the library and featuretools")
    seen = joined.filter(pl.col("records seen on all").is_not_null())  # null on the library's side for an unborn child
    wrong = seen.filter((pl.col("days_since_seen") != -pl.col("records seen on all")).fill_null(value=False))
    if wrong.height:
        raise AssertionError(f"days_since_seen of child {wrong['child_id'][0]} differs")
