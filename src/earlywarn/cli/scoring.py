"""Scoring and explaining: the commands that ask of records what a person should read first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlywarn.cli.shared import (
    AsOf,
    Folder,
    Json,
    Out,
    Viewers,
    exit_if_refused,
    new_folder,
    own_name,
    print_json,
    progress,
    say,
    viewer_words,
)
from earlywarn.clock import system_clock
from earlywarn.errors import Exit

if TYPE_CHECKING:
    from earlywarn.batch import Run
    from earlywarn.records.tables import Records
    from earlywarn.review.flag import Flag
    from earlywarn.scoring.terms import TermTable

DEMO_DAY = "2026-11-01"
DEMO_FOLDER = "earlywarn-demo"
DEMO_CAPACITY = 20
DEMO_PURPOSE = "a demonstration"
SYNTHETIC_NOTE = "Synthetic records: make-believe children. They show that the code is right, not that it helps."

Model = Annotated[Path | None, typer.Option("--model", metavar="M.json", help="A saved model; else the starting card.")]
Capacity = Annotated[int, typer.Option("--capacity", metavar="K", help="Households a team can review in a week.")]


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Replaced only if a demo made it.")] = Path(
        DEMO_FOLDER
    ),
    as_json: Json = False,
) -> None:
    """Run the main job on the example records that ship with the library."""
    from earlywarn.batch import score_records
    from earlywarn.datasets import load_example
    from earlywarn.records.writing import write_tables
    from earlywarn.reports.run_folder import input_hashes, marked_as_demo, write_run

    started = system_clock()
    with progress("Example records"):
        records = load_example()
    with new_folder(out, may_replace=marked_as_demo) as draft:
        write_tables(records.frames, draft / "records")
        hashes = input_hashes(draft / "records")
        with progress("Counting and scoring"):
            run = score_records(
                records, DEMO_DAY, viewers="all", capacity=DEMO_CAPACITY, purpose=DEMO_PURPOSE, inputs=hashes
            )
        with progress("Writing"):
            write_run(run, draft, command="demo", started=started, note=SYNTHETIC_NOTE)
    child = run.flags[0].child_id
    explain_it = f"{own_name()} explain {out / 'records'} --child {child} --as-of {DEMO_DAY}"
    _say_run(run, out, as_json, explain_it, SYNTHETIC_NOTE)


def score(
    folder: Folder,
    as_of: AsOf,
    out: Out,
    viewers: Viewers = "pooled",
    model: Model = None,
    capacity: Capacity = DEMO_CAPACITY,
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="Why this run is made.")] = "not stated",
    max_quarantine: Annotated[
        str, typer.Option(metavar="SHARE", help="More refused rows than this stop the run.")
    ] = "1%",
    as_json: Json = False,
) -> None:
    """Score every child and raise the week's flags: tables, a workbook, one offline page, a manifest."""
    from earlywarn.batch import refuse_too_many, score_records, share
    from earlywarn.files import refuse_existing
    from earlywarn.records.reading import read_records
    from earlywarn.reports.run_folder import input_hashes, write_run

    refuse_existing(out)
    allowed, started, chosen = share(max_quarantine), system_clock(), _load_model(model)
    with progress("Reading"):
        records = read_records(folder)
        hashes = input_hashes(folder)
    refuse_too_many(records, allowed)
    with progress("Counting and scoring"):
        run = score_records(
            records,
            as_of,
            viewers=viewer_words(viewers),
            capacity=capacity,
            model=chosen,
            purpose=purpose,
            inputs=hashes,
        )
    with new_folder(out) as draft, progress("Writing"):
        write_run(run, draft, command="score", started=started, note=" ".join(records.caveats()))
    _say_run(run, out, as_json, f"open {out / 'report.html'} in a browser", " ".join(records.caveats()))
    exit_if_refused(records.refused)


def explain(
    folder: Folder,
    child: Annotated[str, typer.Option("--child", metavar="ID", help="A child_id, or an identifier of one child.")],
    as_of: AsOf,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="F", help="Write the sheet as one HTML file too.")
    ] = None,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Explain one child: reasons with their records, what is not known, what to ask."""
    from earlywarn.records.identifiers import find_child
    from earlywarn.records.reading import read_records
    from earlywarn.review.flags import explain_child

    with progress("Explaining"):
        records = read_records(folder)
        child_id = find_child(records, child)
        flag, excluded = explain_child(records, child_id, as_of, model=_load_model(model))
    lines = [str(flag), "  Records"]
    lines += [f"    - {r.sentence}\n      {', '.join(r.record_ids)}" for r in flag.reasons]
    lines += [f"  Would not be on a list: {excluded}."] if excluded else []
    if html is not None:
        _write_sheet(records, flag, html)
        lines.append(f"Written to {html}.")
    said = {"flag_id": flag.flag_id, "child_id": child_id, "as_of": f"{flag.as_of:%Y-%m-%d}", "score": flag.score}
    reasons = [{**vars(r), "record_ids": list(r.record_ids)} for r in flag.reasons]
    views = {"own_views": dict(flag.own_views), "cited": len(flag.cited), "cited_known": dict(flag.cited_known)}
    views |= {"other_ids": list(flag.other_ids)}
    gaps = {"not_known": list(flag.not_known), "questions": list(flag.questions), "excluded": excluded}
    say({**said, "band": flag.band, "reasons": reasons, **gaps, **views, "caution": flag.caution}, as_json, lines)
    exit_if_refused(records.refused)


def doctor(as_json: Json = False) -> None:
    """Check that this installation works: versions, time zone, and the main job on a few example records."""
    from earlywarn.reports.doctor import examine

    findings = examine()
    width = max(len(f.name) for f in findings)
    lines = [f"{'ok  ' if f.good else 'FAIL'}  {f.name:<{width}}  {f.said}" for f in findings]
    say({f.name: {"ok": f.good, "said": f.said} for f in findings}, as_json, lines)
    if not all(f.good for f in findings):
        raise typer.Exit(Exit.BUG)


def _write_sheet(records: Records, flag: Flag, path: Path) -> None:
    from earlywarn.files import write_text, write_whole
    from earlywarn.history.view import View
    from earlywarn.reports.html import sheet_html

    view = View(records, flag.as_of, flag.viewer).only([flag.child_id])
    write_whole(path, lambda draft: write_text(draft, sheet_html(flag, view)))


def _load_model(path: Path | None) -> TermTable | None:
    if path is None:
        return None
    from earlywarn.scoring.terms import TermTable

    return TermTable.load(path)


def _say_run(run: Run, out: Path, as_json: bool, next_command: str, note: str = "") -> None:
    from earlywarn.reports import terminal
    from earlywarn.reports.run_folder import flags_frame

    if as_json:
        flags = run.flags
        said = {"out": str(out), "as_of": run.as_of, "viewer": flags.viewer, "held_by": list(flags.held_by)}
        said |= {"caution": flags.caution, "ties_at_the_cut": flags.ties, "not_listed": dict(flags.excluded)}
        print_json({**said, "flags": flags_frame(flags).to_dicts()})
        return
    console = terminal.console()
    if note:
        console.print(note, markup=False)
    terminal.show_flags(console, run.flags)
    terminal.show_written(console, out, next_command)
