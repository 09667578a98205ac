"""History: the command that shows what was known of one child, by whom, from when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlywarn.cli.shared import Folder, Json, exit_if_refused, print_json, progress
from earlywarn.errors import ArgumentError

if TYPE_CHECKING:
    from earlywarn.history.chronology import Chronology


def chronology(
    folder: Folder,
    child: Annotated[str, typer.Option("--child", metavar="ID", help="A child_id, or an identifier of one child.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="D", help="The day, as YYYY-MM-DD; without it all records count.")
    ] = None,
    viewer: Annotated[
        str, typer.Option(metavar="V", help="Whose knowledge: pooled, police, police+hospital or sector:health.")
    ] = "pooled",
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write it as one HTML file too.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="F", help="Write it as a workbook too.")] = None,
    as_json: Json = False,
) -> None:
    """Put all agencies' records of one child in order of time, with who knew each from when."""
    from earlywarn.history.chronology import chronology as chronology_of
    from earlywarn.history.days import day_after
    from earlywarn.history.view import View
    from earlywarn.records.identifiers import find_child
    from earlywarn.records.reading import read_records

    if html is not None and html == xlsx:
        raise ArgumentError("Two outputs have one name.", expected="a file each", fix="choose another --html or --xlsx")
    with progress("Reading"):
        records = read_records(folder)
        child_id = find_child(records, child)
        day = day_after(records) if as_of is None else as_of
        told = chronology_of(View(records, day, viewer), child_id)
    _write(told, html, xlsx)
    _say(told, [p for p in (html, xlsx) if p], whole=as_of is None, as_json=as_json)
    exit_if_refused(records.refused)


def _write(told: Chronology, html: Path | None, xlsx: Path | None) -> None:
    """Write what was asked for: both files, or neither."""
    from earlywarn.files import write_text, write_whole

    def workbook(path: Path) -> None:
        from earlywarn.reports.chronology_workbook import write_chronology_workbook

        write_chronology_workbook(told, path)

    def page(path: Path) -> None:
        from earlywarn.reports.chronology_page import chronology_html

        write_text(path, chronology_html(told))
        if xlsx is not None:
            write_whole(xlsx, workbook)

    if html is not None:
        write_whole(html, page)
    elif xlsx is not None:
        write_whole(xlsx, workbook)


def _say(told: Chronology, written: list[Path], *, whole: bool, as_json: bool) -> None:
    if as_json:
        print_json(_as_data(told, written, whole=whole))
        return
    from earlywarn.reports.chronology_terminal import show_chronology
    from earlywarn.reports.terminal import console

    out = console()
    show_chronology(out, told, whole=whole)
    if written:
        out.print(f"\nWritten to {' and '.join(map(str, written))}.", markup=False)


def _as_data(told: Chronology, written: list[Path], *, whole: bool) -> dict[str, Any]:
    knew: dict[str, list[dict[str, Any]]] = {}
    for row in told.by_agency().iter_rows(named=True):
        knew.setdefault(row.pop("record_id"), []).append(row)
    return {
        "child_id": told.child_id,
        "ids": told.ids,
        "as_of": told.as_of,
        "all_records": whole,
        "viewer": told.viewer,
        "agencies": told.agencies,
        "events": [event | {"known": knew[event["record_id"]]} for event in told.events.to_dicts()],
        "concerns": told.concerns.to_dicts(),
        "sharing": told.acts.to_dicts(),
        "plans": told.plans.to_dicts(),
        "gaps": told.gaps().to_dicts(),
        "delays": told.delays().to_dicts(),
        "written": written,
    }
