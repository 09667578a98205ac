"""Records: making them, reading them, judging their quality, linking them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlywarn.cli.shared import Folder, Json, Out, exit_if_refused, new_folder, own_name, print_json, progress, say
from earlywarn.errors import ArgumentError, nearest
from earlywarn.files import refuse_existing, write_private
from earlywarn.words import count_of

if TYPE_CHECKING:
    import polars as pl

    from earlywarn.records.sources import Extract


FORMS = ("parquet", "csv")
"""How tables may be written."""


def synth(
    children: Annotated[int, typer.Option("--children", metavar="N", help="How many children.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Same seed, same bytes.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Make a make-believe cohort with known truth: a records folder, and the truth apart."""
    from earlywarn.datasets import make_cohort
    from earlywarn.records.writing import write_tables

    refuse_existing(out)
    with progress("Making a cohort"):
        made = make_cohort(children, seed=seed)
    with new_folder(out) as draft:
        write_tables(made.records.frames, draft)
        (draft / "truth").mkdir()
        for name, frame in made.truth.items():
            frame.write_parquet(draft / "truth" / f"{name}.parquet")
    rows = {name: frame.height for name, frame in made.records.frames.items()}
    say(
        {"out": str(out), "rows": rows},
        as_json,
        [made.records.describe(), f"Written to {out}, the truth to {out / 'truth'}."],
    )


def read(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SOURCE…", help="Files and folders in a format an agency holds.", show_default=False),
    ] = None,
    source_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="F", help="cin, ssd, annex_a, ssda903, school_census, fhir, dfe_api, table or records."
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="The records folder to write; it must not exist yet.")
    ] = None,
    extract_date: Annotated[
        list[str] | None,
        typer.Option(metavar="D", help="When the extract was made; PART=D for one of several deliveries."),
    ] = None,
    authority: Annotated[
        str, typer.Option(metavar="LEA", help="The authority's three digits, before its child ids.")
    ] = "",
    mapping: Annotated[
        str, typer.Option(metavar="M", help="A mapping of your own (M.toml), or one that ships: police, …")
    ] = "",
    for_linkage: Annotated[
        bool, typer.Option("--for-linkage", help="Keep names apart, for earlywarn link alone.")
    ] = False,
    form: Annotated[str, typer.Option(metavar="parquet|csv", help="How to write the tables.")] = "parquet",
    explain_clocks: Annotated[
        bool, typer.Option("--explain-clocks", help="Print which date made each thing known, and how sure, instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read an agency's own format into a records folder; refused rows are kept in quarantine/ with a reason."""
    from earlywarn.records.mapping.deliveries import ExtractDates
    from earlywarn.records.sources import extract

    if explain_clocks:
        _say_clocks(source_format, mapping, as_json)
        return
    if not sources or out is None or not source_format:
        raise ArgumentError(
            "Something is missing.", expected="SOURCE, --format and --out", fix="see earlywarn read --help"
        )
    if form not in FORMS:
        raise ArgumentError(f'--form "{form}" is no form.', expected="parquet or csv", fix=nearest(form, FORMS))
    refuse_existing(out)
    dates, whose = ExtractDates.parse(extract_date or ()), checked_authority(authority)
    with progress("Reading"):
        found = extract(
            sources, source_format, dates=dates, authority=whose, mapping=mapping or None, for_linkage=for_linkage
        )
    conflicts = _write_extract(found, source_format, out, form)
    _say_read(found, source_format, out, conflicts, as_json)
    exit_if_refused(found.quarantine.height)


def checked_authority(digits: str) -> str:
    """Return the authority's three digits, or nothing; anything else is a slip."""
    if digits and not (len(digits) == 3 and digits.isascii() and digits.isdigit()):
        raise ArgumentError(f'--authority "{digits}" is no authority.', expected="three digits", fix="correct it")
    return digits


def _say_clocks(source_format: str, mapping: str, as_json: bool) -> None:
    from earlywarn.records.sources.clocks import clocks
    from earlywarn.reports.reading_page import show_clocks
    from earlywarn.reports.terminal import console

    rules = clocks(source_format, mapping or None)
    if as_json:
        print_json([rule._asdict() for rule in rules])
    else:
        show_clocks(console(), rules)


def _what_was_read(found: Extract, source_format: str) -> dict[str, Any]:
    from earlywarn.records.tables import as_rows

    return {"format": source_format, "account": as_rows(found.account), "notes": list(found.notes)}


def _write_extract(found: Extract, source_format: str, out: Path, form: str) -> pl.DataFrame:
    """Write the tables, and beside them what was refused, what two sources say differently, and names if asked for."""
    from earlywarn.records.conflicts import CONFLICTS_FILE, identity_conflicts, write_conflicts
    from earlywarn.records.writing import write_quarantine, write_tables

    conflicts = identity_conflicts({**found.frames, "births": found.births})
    with new_folder(out) as draft:
        write_tables(found.frames, draft, form=form)
        write_quarantine(found.quarantine, draft / "quarantine")
        (draft / "read.json").write_text(
            json.dumps(_what_was_read(found, source_format), indent=2) + "\n", encoding="utf-8"
        )
        if not conflicts.is_empty():
            write_conflicts(conflicts, draft / CONFLICTS_FILE)
        if not found.identities.is_empty():
            write_private(draft / "linkage" / "identities.parquet", found.identities.write_parquet)
    return conflicts


def _say_read(found: Extract, source_format: str, out: Path, conflicts: pl.DataFrame, as_json: bool) -> None:
    from earlywarn.records.conflicts import CONFLICTS_FILE
    from earlywarn.reports import terminal
    from earlywarn.reports.reading_page import show_notes

    if as_json:
        places = found.quarantine.drop("content").to_dicts()
        print_json(
            {
                **_what_was_read(found, source_format),
                "refused": places,
                "identity_conflicts": conflicts.height,
                "out": str(out),
            }
        )
        return
    console = terminal.console()
    terminal.show_account(console, found.account)
    terminal.show_refused(console, found.quarantine)
    show_notes(console, found.notes)
    if not conflicts.is_empty():
        there = out / CONFLICTS_FILE
        console.print(
            f"\n{count_of(conflicts.height, 'identity conflict')} for a person to settle: {there}", markup=False
        )
    console.print(f"\nWritten to {out}. Next: {own_name()} validate {out}", markup=False)


def validate(folder: Folder, as_json: Json = False) -> None:
    """Check a records folder against the contract, and show how good its records are, before anything is counted."""
    from earlywarn.features.needs import needs_table
    from earlywarn.records.quality import quality
    from earlywarn.records.reading import read_records
    from earlywarn.records.tables import as_rows
    from earlywarn.reports import terminal
    from earlywarn.reports.quality_page import show_quality

    with progress("Checking"):
        records = read_records(folder)
        found, needs = quality(records, folder), needs_table(records)
    if as_json:
        places = records.quarantine.drop("content").to_dicts()
        said = {"account": as_rows(records.account), "refused": places}
        print_json({**said, "quality": found.to_dict(), "features": needs.to_dicts()})
    else:
        console = terminal.console()
        show_quality(console, found, needs)
        terminal.show_refused(console, records.quarantine)
    exit_if_refused(records.refused)


schema = typer.Typer(help="Mappings of your own: a first draft from a file's columns.", rich_markup_mode=None)


@schema.command()
def guess(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A table: CSV, TSV, XLSX or Parquet.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the source; else the file's name.")] = "",
) -> None:
    """Propose a mapping from a file's own columns, for you to correct: earlywarn schema guess FILE > mapping.toml."""
    from earlywarn.records.sources.guess import guess_mapping

    typer.echo(guess_mapping(source, name))


def link(
    folder: Folder,
    known_at: Annotated[str, typer.Option("--known-at", metavar="D", help="The day on which this was found out.")],
    out: Out,
    identities: Annotated[
        Path | None, typer.Option(metavar="F", help="Names and addresses; else DIR/linkage/identities.parquet.")
    ] = None,
    schemes: Annotated[str, typer.Option(metavar="A,B", help="Numberings that are the same in every agency.")] = "",
    threshold: Annotated[float | None, typer.Option(metavar="P", help="From this probability on, a link.")] = None,
    as_json: Json = False,
) -> None:
    """Find ids of different agencies that are one child, person or household; doubtful pairs go to a list."""
    from earlywarn.records.linkage import link as find_links
    from earlywarn.records.linkage import read_identities, write_linked
    from earlywarn.records.reading import read_records

    refuse_existing(out)
    with progress("Reading"):
        records = read_records(folder)
        kept = folder / "linkage" / "identities.parquet"
        names = read_identities(identities) if identities else read_identities(kept) if kept.is_file() else None
    chosen: dict[str, Any] = {"schemes": [s.strip() for s in schemes.split(",") if s.strip()], "threshold": threshold}
    with progress("Linking"):
        found = find_links(
            records, names, known_at=known_at, **{k: v for k, v in chosen.items() if v not in (None, [])}
        )
    with new_folder(out) as draft:
        write_linked(found, draft, folder)
    links, review = found.found.height, found.review.height
    lines = [found.describe(), f"Written to {out}; doubtful pairs in {out / 'linkage' / 'review.csv'}."]
    say({"out": str(out), "links": links, "review": review, "notes": list(found.notes)}, as_json, lines)
    exit_if_refused(records.refused)
