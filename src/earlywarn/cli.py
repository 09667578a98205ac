"""The command line: one sub-command a stage. Each parses its words, calls one room, and says what came of it.

Exit codes are those of `earlywarn.errors.Exit`. Standard output is for the answer, standard error for progress and
errors; with ``--json`` standard output is data only. A user's mistake prints no traceback.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlywarn import __version__
from earlywarn.clock import system_clock
from earlywarn.errors import ArgumentError, EarlywarnError, Exit
from earlywarn.words import count_of, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from earlywarn.batch import Run
    from earlywarn.records.tables import Records
    from earlywarn.review.flag import Flag
    from earlywarn.scoring.terms import TermTable

DEMO_DAY = "2026-11-01"
DEMO_FOLDER = "earlywarn-demo"
DEMO_CAPACITY = 20
DEMO_PURPOSE = "a demonstration"
SYNTHETIC_NOTE = "Synthetic records: make-believe children. They show that the code is right, not that it helps."

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A records folder.", show_default=False)]
AsOf = Annotated[str, typer.Option("--as-of", metavar="D", help="The day, as YYYY-MM-DD; it means its first midnight.")]
Viewers = Annotated[str, typer.Option(metavar="pooled|all|A,B", help="Whose knowledge to count by.")]
Out = Annotated[Path, typer.Option("--out", metavar="PATH", help="What to write; it must not exist yet.")]
Json = Annotated[bool, typer.Option("--json", help="Print data only, as JSON.")]
Model = Annotated[Path | None, typer.Option("--model", metavar="M.json", help="A saved model; else the starting card.")]
Capacity = Annotated[int, typer.Option("--capacity", metavar="K", help="Households a team can review in a week.")]


@app.callback(invoke_without_command=True)
def earlywarn(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """From the records agencies already hold to explained prompts for review. A person decides."""
    if version:
        typer.echo(f"earlywarn {__version__}")
        raise typer.Exit(Exit.OK)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
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
    with _progress("Example records"):
        records = load_example()
    with _new_folder(out, may_replace=marked_as_demo) as draft:
        write_tables(records.frames, draft / "records")
        hashes = input_hashes(draft / "records")
        with _progress("Counting and scoring"):
            run = score_records(
                records, DEMO_DAY, viewers="all", capacity=DEMO_CAPACITY, purpose=DEMO_PURPOSE, inputs=hashes
            )
        with _progress("Writing"):
            write_run(run, draft, command="demo", started=started, note=SYNTHETIC_NOTE)
    child = run.flags[0].child_id
    explain_it = f"{_self()} explain {out / 'records'} --child {child} --as-of {DEMO_DAY}"
    _say_run(run, out, as_json, explain_it, SYNTHETIC_NOTE)


@app.command()
def synth(
    children: Annotated[int, typer.Option("--children", metavar="N", help="How many children.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Same seed, same bytes.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Make a make-believe cohort with known truth: a records folder, and the truth apart."""
    from earlywarn.datasets import make_cohort
    from earlywarn.files import refuse_existing
    from earlywarn.records.writing import write_tables

    refuse_existing(out)
    with _progress("Making a cohort"):
        made = make_cohort(children, seed=seed)
    with _new_folder(out) as draft:
        write_tables(made.records.frames, draft)
        (draft / "truth").mkdir()
        for name, frame in made.truth.items():
            frame.write_parquet(draft / "truth" / f"{name}.parquet")
    rows = {name: frame.height for name, frame in made.records.frames.items()}
    _say(
        {"out": str(out), "rows": rows},
        as_json,
        [made.records.describe(), f"Written to {out}, the truth to {out / 'truth'}."],
    )


@app.command()
def read(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file in a format an agency holds.")],
    source_format: Annotated[str, typer.Option("--format", metavar="F", help="cin: the children-in-need census XML.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Read an agency's own format into a records folder; refused rows are kept in quarantine/ with a reason."""
    from earlywarn.files import refuse_existing
    from earlywarn.records.sources import extract
    from earlywarn.records.tables import as_rows
    from earlywarn.records.writing import write_quarantine, write_tables
    from earlywarn.reports import terminal

    refuse_existing(out)
    with _progress("Reading"):
        found = extract(source, source_format)
    said = {"format": source_format, "account": as_rows(found.account), "notes": list(found.notes)}
    with _new_folder(out) as draft:
        write_tables(found.frames, draft)
        write_quarantine(found.quarantine, draft / "quarantine")
        (draft / "read.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    if as_json:
        _print_json({**said, "out": str(out)})
    else:
        console = terminal.console()
        terminal.show_account(console, found.account)
        terminal.show_refused(console, found.quarantine)
        for note in found.notes:
            console.print(f"Note: {note}", markup=False)
        console.print(f"\nWritten to {out}. Next: {_self()} validate {out}", markup=False)
    _exit_if_refused(found.quarantine.height)


@app.command()
def validate(folder: Folder, as_json: Json = False) -> None:
    """Check a records folder against the contract: an account of every row, and why any was refused."""
    from earlywarn.records.reading import read_records
    from earlywarn.records.tables import as_rows
    from earlywarn.reports import terminal

    with _progress("Checking"):
        records = read_records(folder)
    if as_json:
        places = records.quarantine.drop("content").to_dicts()
        _print_json({"account": as_rows(records.account), "refused": places})
    else:
        console = terminal.console()
        console.print(f"{records.describe()}\n", markup=False)
        terminal.show_account(console, records.account)
        terminal.show_refused(console, records.quarantine)
    _exit_if_refused(records.refused)


@app.command()
def features(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", show_default=False)] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="D", help="The day, as YYYY-MM-DD.")] = None,
    viewers: Viewers = "pooled",
    out: Annotated[Path | None, typer.Option("--out", metavar="F.parquet", help="Where to write the table.")] = None,
    catalogue: Annotated[bool, typer.Option("--list", help="List the features instead.")] = False,
    as_json: Json = False,
) -> None:
    """Count the features of every child; or list them."""
    from earlywarn.features.catalogue import CORE
    from earlywarn.features.engine import build_features
    from earlywarn.files import write_whole
    from earlywarn.records.reading import read_records
    from earlywarn.reports import terminal

    if catalogue:
        columns = ("name", "direction", "unit", "window", "needs", "source")
        if as_json:
            _print_json([{c: getattr(f, c) for c in columns} for f in CORE])
        else:
            terminal.show_features(terminal.console(), CORE)
        return
    if folder is None or as_of is None or out is None:
        raise ArgumentError(
            "Something is missing.", expected="DIR, --as-of and --out; or --list", fix="see earlywarn features --help"
        )
    with _progress("Counting features"):
        records = read_records(folder)
        table = build_features(records, as_of, viewers=_viewer_words(viewers))
        write_whole(out, table.to_polars().write_parquet)
    cannot = table.coverage.select("feature", "need").unique().sort("feature").rows()
    said = {"out": str(out), "rows": table.values.height, "features": len(CORE), "cannot_tell": cannot}
    lines = [f"{table!r}", *(f"cannot tell {name}: nobody's records have {need}" for name, need in cannot)]
    _say(said, as_json, [*lines, f"Written to {out}."])
    _exit_if_refused(records.refused)


@app.command()
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
    with _progress("Reading"):
        records = read_records(folder)
        hashes = input_hashes(folder)
    refuse_too_many(records, allowed)
    with _progress("Counting and scoring"):
        run = score_records(
            records,
            as_of,
            viewers=_viewer_words(viewers),
            capacity=capacity,
            model=chosen,
            purpose=purpose,
            inputs=hashes,
        )
    with _new_folder(out) as draft, _progress("Writing"):
        write_run(run, draft, command="score", started=started, note=" ".join(records.caveats()))
    _say_run(run, out, as_json, f"open {out / 'report.html'} in a browser", " ".join(records.caveats()))
    _exit_if_refused(records.refused)


@app.command()
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

    with _progress("Explaining"):
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
    gaps = {"not_known": list(flag.not_known), "questions": list(flag.questions), "excluded": excluded}
    _say({**said, "band": flag.band, "reasons": reasons, **gaps, "caution": flag.caution}, as_json, lines)
    _exit_if_refused(records.refused)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check that this installation works: versions, time zone, and the main job on a few example records."""
    from earlywarn.reports.doctor import examine

    findings = examine()
    width = max(len(f.name) for f in findings)
    lines = [f"{'ok  ' if f.good else 'FAIL'}  {f.name:<{width}}  {f.said}" for f in findings]
    _say({f.name: {"ok": f.good, "said": f.said} for f in findings}, as_json, lines)
    if not all(f.good for f in findings):
        raise typer.Exit(Exit.BUG)


# --- what the commands share -------------------------------------------------------------------------------------


def _write_sheet(records: Records, flag: Flag, path: Path) -> None:
    from earlywarn.files import write_text, write_whole
    from earlywarn.history.view import View
    from earlywarn.reports.html import sheet_html

    view = View(records.only([flag.child_id]), flag.as_of, flag.viewer)
    write_whole(path, lambda draft: write_text(draft, sheet_html(flag, view)))


def _viewer_words(words: str) -> str | list[str]:
    return words if words in {"pooled", "all"} else [w.strip() for w in words.split(",") if w.strip()]


def _load_model(path: Path | None) -> TermTable | None:
    if path is None:
        return None
    from earlywarn.scoring.terms import TermTable

    return TermTable.load(path)


def _exit_if_refused(rows: int) -> None:
    if rows:
        was = "was" if rows == 1 else "were"
        typer.echo(f"{count_of(rows, 'row')} {was} refused; nothing is lost.", err=True)
        raise typer.Exit(Exit.ROWS_REFUSED)


def _say_run(run: Run, out: Path, as_json: bool, next_command: str, note: str = "") -> None:
    from earlywarn.reports import terminal
    from earlywarn.reports.run_folder import flags_frame

    if as_json:
        flags = run.flags
        said = {"out": str(out), "as_of": run.as_of, "viewer": flags.viewer, "held_by": list(flags.held_by)}
        said |= {"caution": flags.caution, "ties_at_the_cut": flags.ties, "not_listed": dict(flags.excluded)}
        _print_json({**said, "flags": flags_frame(flags).to_dicts()})
        return
    console = terminal.console()
    if note:
        console.print(note, markup=False)
    terminal.show_flags(console, run.flags)
    terminal.show_written(console, out, next_command)


def _say(data: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    if as_json:
        _print_json(data)
    else:
        typer.echo(printable("\n".join(lines)))


def _self() -> str:
    """Say how this command was called, so that the next one can be copied: it may not be on the path."""
    called = Path(sys.argv[0])
    return "earlywarn" if shutil.which("earlywarn") or called.stem != "earlywarn" else str(called)


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


@contextmanager
def _new_folder(out: Path, **options: Any) -> Iterator[Path]:
    from earlywarn.files import whole_folder

    with whole_folder(out, **options) as draft:
        yield draft


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Say on a terminal's standard error what is going on; say nothing to a log."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …"):
        yield


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code instead of leaving."""
    try:
        code = app(arguments, prog_name="earlywarn", standalone_mode=False)
    except EarlywarnError as error:
        typer.echo(f"earlywarn: {error.message}", err=True)
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # the reader of a pipe went away; typer sees to it by leaving
        return _quiet()
    except Exception as error:  # noqa: BLE001 (the last door: a bug must not print what it held)
        return _unexpected(error)
    return _interrupted() if code == Exit.INTERRUPTED else int(code or 0)


def _quiet() -> int:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.OK)


def _interrupted() -> int:
    typer.echo("earlywarn: interrupted; nothing half-written is left.", err=True)
    return int(Exit.INTERRUPTED)


def _unexpected(error: Exception) -> int:
    """Tell a wrong word, which is the user's, from a bug, which is ours and is named without quoting a value."""
    show = getattr(error, "format_message", None)
    if show is not None:
        typer.echo(f"earlywarn: {show()}\nFix:      see earlywarn --help", err=True)
        return int(Exit.BAD_ARGUMENT)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else "unknown"
    typer.echo(f"earlywarn: a bug in earlywarn: {type(error).__name__} in {where}.", err=True)
    return int(Exit.BUG)


if __name__ == "__main__":
    main()
