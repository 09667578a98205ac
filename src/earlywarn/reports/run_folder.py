"""The folder one scoring run leaves: every table in a form an analyst opens, one page, and a manifest."""

from __future__ import annotations

import hashlib
import json
import platform
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn import __version__
from earlywarn.clock import Clock, system_clock
from earlywarn.files import FORMULA_STARTS
from earlywarn.history.view import View
from earlywarn.records.tables import as_rows, total
from earlywarn.reports.html import report_html
from earlywarn.reports.workbook import write_workbook

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from earlywarn.batch import Run
    from earlywarn.review.flag import Flag, Flags

FLAG_SCHEMA = pl.Schema(
    {
        "flag_id": pl.String(),
        "child_id": pl.String(),
        "as_of": pl.Date(),
        "viewer": pl.String(),
        "score": pl.Int64(),
        "band": pl.String(),
        "rank": pl.Int64(),
        "reasons": pl.List(
            pl.Struct(
                {
                    "feature": pl.String(),
                    "group": pl.String(),
                    "points": pl.Int64(),
                    "sentence": pl.String(),
                    "record_ids": pl.List(pl.String()),
                }
            )
        ),
        "not_known": pl.List(pl.String()),
    }
)


def write_run(
    run: Run, folder: Path, *, command: str, started: dt.datetime, clock: Clock = system_clock, note: str = ""
) -> None:
    """Write every file of a run into ``folder``, ``_SUCCESS`` last.

    Parameters
    ----------
    run : Run
        What to write.
    folder : Path
        An empty folder that only takes its final name once everything is in it.
    command : str
        Which command made it.
    started : datetime.datetime
        When the run began.
    clock : callable
        Read once, for the time of writing; it reaches ``run.json`` alone.
    note : str
        Shown at the top of the page.

    """
    caution = {"caution": run.model.caution}
    run.scores.write_parquet(folder / "scores.parquet", metadata=caution)
    flags_frame(run.flags).write_parquet(folder / "flags.parquet", metadata=caution)
    for name, frame in _spreadsheets(run.flags).items():
        _write_csv(frame, folder / name)
    write_workbook(run.flags, folder / "flags.xlsx")
    view = View(run.records, run.as_of, run.flags.viewer).only(_shown(run.flags))
    page = report_html(run.flags, view, note=note)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    manifest = {"command": command, **_manifest(run, folder, started, clock())}
    (folder / "run.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    same_every_time = sorted(p for p in folder.iterdir() if p.is_file() and p.name != "run.json")
    hashes = "".join(f"{sha256(p)}  {p.name}\n" for p in same_every_time)
    (folder / "_SUCCESS").write_text(hashes, encoding="utf-8", newline="\n")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def input_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table file of a records folder, by its name relative to the folder."""
    tables = sorted(p for p in folder.iterdir() if p.name.lower().endswith((".csv", ".csv.gz", ".parquet")))
    parts = [q for p in tables for q in (sorted(p.rglob("*.parquet")) if p.is_dir() else [p])]
    return {q.relative_to(folder).as_posix(): sha256(q) for q in parts}


def flags_frame(flags: Flags) -> pl.DataFrame:
    """Put flags in one frame, reasons nested; typed even when empty."""
    rows = [
        {
            **{name: getattr(f, name) for name in ("flag_id", "child_id", "as_of", "viewer", "score", "band", "rank")},
            "reasons": [
                {
                    "feature": r.feature,
                    "group": r.group,
                    "points": r.points,
                    "sentence": r.sentence,
                    "record_ids": list(r.record_ids),
                }
                for r in f.reasons
            ],
            "not_known": list(f.not_known),
        }
        for f in flags
    ]
    return pl.DataFrame(rows, schema=FLAG_SCHEMA)


def _shown(flags: Flags) -> list[str]:
    return [f.child_id for f in (*flags.flags, *flags.below)]


def _spreadsheets(flags: Flags) -> dict[str, pl.DataFrame]:
    text, whole, number = pl.String(), pl.Int64(), pl.Float64()
    reason_columns = {"flag_id": text, "feature": text, "value": number, "points": whole, "sentence": text}
    record_columns = {"flag_id": text, "feature": text, "record_id": text}
    flag_columns: dict[str, pl.DataType] = dict.fromkeys(("flag_id", "child_id", "as_of", "viewer"), text)
    flag_columns |= dict.fromkeys(("score", "rank"), whole)
    said = ("band", "age", "status", "team", "household", "recorded", "not_known", "caution")
    flag_columns |= dict.fromkeys(said, text)
    pairs = [(f, r) for f in flags for r in f.reasons]
    return {
        "flags.csv": pl.DataFrame([_flag_row(f) for f in flags], schema=flag_columns),
        "reasons.csv": pl.DataFrame(
            [(f.flag_id, r.feature, r.value, r.points, r.sentence) for f, r in pairs],
            schema=reason_columns,
            orient="row",
        ),
        "record_ids.csv": pl.DataFrame(
            [(f.flag_id, r.feature, i) for f, r in pairs for i in r.record_ids], schema=record_columns, orient="row"
        ),
    }


def _flag_row(flag: Flag) -> dict[str, Any]:
    return {
        **{name: getattr(flag, name) for name in ("flag_id", "child_id", "viewer", "score", "rank", "band")},
        **flag.header,
        "as_of": f"{flag.as_of:%Y-%m-%d}",
        "recorded": " ".join(r.sentence for r in flag.reasons),
        "not_known": " ".join(flag.not_known),
        "caution": flag.caution,
    }


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8 with a byte-order mark, which is how a spreadsheet knows; no cell is run as a formula."""
    safe = frame.with_columns(pl.col(pl.String).str.replace(FORMULA_STARTS, "'${1}"))
    path.write_bytes(b"\xef\xbb\xbf" + safe.write_csv().encode())


def _manifest(run: Run, folder: Path, started: dt.datetime, finished: dt.datetime) -> dict[str, Any]:
    flags = run.flags
    return {
        "purpose": run.purpose,
        "as_of": f"{run.as_of:%Y-%m-%d}",
        "viewers": list(run.viewers),
        "flags_from": flags.viewer,
        "caution": run.model.caution,
        "model": {"name": run.model.name, "id": run.model.model_id, "terms": json.loads(run.model.to_json())},
        "capacity": flags.capacity,
        "totals": {
            "children": run.records.children,
            "rows_scored": run.scores.height,
            "flags": len(flags),
            "households": flags.households,
            "candidate_households": flags.candidates,
            "ties_at_the_cut": flags.ties,
            "not_listed": dict(flags.excluded),
        },
        "rows": dict(total(run.records.account)),
        "account": as_rows(run.records.account),
        "inputs": dict(run.inputs),
        "outputs": {p.name: sha256(p) for p in sorted(folder.iterdir()) if p.is_file()},
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "earlywarn": __version__,
        "python": platform.python_version(),
        "polars": pl.__version__,
    }


def marked_as_demo(folder: Path) -> bool:
    """Whether a folder's own manifest says that the demo made it, so that the demo may replace it."""
    try:
        content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("command") == "demo"
