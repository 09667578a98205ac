"""The formats that are read, and how each finds its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, SourceError, nearest
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources import Extract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from earlywarn.records.mapping.deliveries import ExtractDates
    from earlywarn.records.mapping.layout import Layout
    from earlywarn.records.opening.sheets import Sheet

Sheets = Callable[[Path], "list[Sheet]"]
Read = Callable[["Path | Sequence[Path]"], Extract]

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".gz")
JSON = (".json", ".ndjson", ".jsonl")


@dataclass(frozen=True)
class Format:
    """One format: what it is, which files it takes, and the mapping that ships for it."""

    title: str
    suffixes: tuple[str, ...]
    mapping: str = ""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "cin": Format("the children-in-need census, XML", (".xml",)),
        "ssd": Format("the Standard Safeguarding Dataset, tables", TABLES, "ssd"),
        "annex_a": Format("Ofsted's child-level lists (Annex A), a workbook", TABLES, "annex_a"),
        "ssda903": Format("the looked-after children return, CSV", TABLES, "ssda903"),
        "school_census": Format("the school census, CSV", TABLES, "school_census"),
        "fhir": Format("FHIR R4, Bundle or NDJSON", JSON, "fhir"),
        "dfe_api": Format("the children's social care API, JSON", JSON, "dfe_api"),
        "table": Format("any other table, by --mapping", TABLES),
        "records": Format("records folders, to put several together", ()),
    }
)


def reader(
    source_format: str,
    dates: ExtractDates | None,
    authority: str,
    mapping: Path | str | None,
    *,
    for_linkage: bool,
) -> Read:
    """Return what reads the files of a format.

    Raises
    ------
    ArgumentError
        A format that is not known, or an option that does not fit it.

    """
    chosen = _format(source_format)
    if source_format == "cin":
        from earlywarn.records.sources.cin import read_all  # noqa: PLC0415

        def read_census(sources: Path | Sequence[Path]) -> Extract:
            files, said = files_of(sources, chosen)
            found = _checked(read_all(files, authority))
            return replace(found, notes=(*found.notes, *said))

        return read_census
    if source_format == "records":
        from earlywarn.records.sources.together import read_together  # noqa: PLC0415

        return lambda sources: read_together(
            [sources] if isinstance(sources, Path) else list(sources), for_linkage=for_linkage
        )
    layout = layout_of(source_format, mapping)

    def read(sources: Path | Sequence[Path]) -> Extract:
        from earlywarn.records.mapping.mapped import map_sheets  # noqa: PLC0415

        files, notes = files_of(sources, chosen)
        if dates is not None:
            dates.refuse_idle(path.as_posix() for path in files)
        sheets = [sheet for path in files for sheet in _sheets(path, source_format, layout)]
        sheets = _told_apart(sheets)
        sheets = _prepared(sheets, source_format)
        made = map_sheets(sheets, layout, dates=dates, authority=authority, for_linkage=for_linkage)
        return Extract(made.frames, made.account, made.quarantine, (*made.notes, *notes), made.births, made.identities)

    return read


def _checked(found: Extract) -> Extract:
    """Hold what an adapter of its own made to the contract; a mapping's records have been held to it already."""
    checked = records_from_frames({n: f for n, f in found.frames.items() if n in RECORD_TABLES})
    frames = {**found.frames, **{n: f for n, f in checked.frames.items() if n in found.frames}}
    account = (*found.account, *(a for a in checked.account if a.quarantined))
    return replace(found, frames=frames, account=account, quarantine=pl.concat([found.quarantine, checked.quarantine]))


def layout_of(source_format: str, mapping: Path | str | None) -> Layout:
    """Return the mapping of a format, another that ships, by its name, or the user's own, by its path."""
    from earlywarn.records.mapping import declared  # noqa: PLC0415

    chosen = _format(source_format)
    if mapping is not None:
        ships = str(mapping) in declared.mappings() and not Path(mapping).exists()
        return declared.shipped(str(mapping)) if ships else declared.load(Path(mapping))
    if not chosen.mapping:
        raise ArgumentError(
            f"The format {source_format} needs a mapping.",
            expected="--mapping FILE.toml, or one that ships: " + ", ".join(declared.mappings()),
            fix="make a first draft with `earlywarn schema guess FILE > mapping.toml`",
        )
    return declared.shipped(chosen.mapping)


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ArgumentError(
            f'"{name}" is no format.',
            expected="one of " + ", ".join(f"{n} ({f.title})" for n, f in FORMATS.items()),
            fix=nearest(name, FORMATS) or "use one of these",
        )
    return FORMATS[name]


def files_of(sources: Path | Sequence[Path], chosen: Format) -> tuple[list[Path], list[str]]:
    """Return every file of the format among the sources, each path once, and notes on those that hold the same.

    Raises
    ------
    SourceError
        A source that is not there, or nothing of the format in it (EW-F01).

    """
    given = [sources] if isinstance(sources, Path) else list(sources)
    found = sorted({path for source in given for path in _files(source, chosen)})
    if not found:
        raise SourceError(
            "No file of this format was found.",
            expected="files ending in " + ", ".join(chosen.suffixes),
            fix="check the path and --format",
            rule="EW-F01",
        )
    twins: dict[str, list[Path]] = {}
    for path in found:
        twins.setdefault(_fingerprint(path), []).append(path)
    notes = [
        f"{', '.join(p.name for p in same)} have the same content: what they say counts once"
        for same in twins.values()
        if len(same) > 1
    ]
    return found, notes


def _files(source: Path, chosen: Format) -> Iterator[Path]:
    if source.is_dir():
        yield from (p for p in source.rglob("*") if p.is_file() and p.suffix.lower() in chosen.suffixes)
    elif source.is_file():
        yield source
    else:
        raise SourceError(
            f'"{source}" is no file and no folder.',
            expected="files or folders in the format given",
            fix="check the path",
            rule="EW-F01",
        )


def _fingerprint(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sheets(path: Path, source_format: str, layout: Layout) -> list[Sheet]:
    """Sheets of one file; a workbook or a document is a delivery of its own, text files of one folder are one."""
    delivery = path.parent.as_posix()
    if source_format in {"fhir", "dfe_api"}:
        from importlib import import_module  # noqa: PLC0415

        made = import_module(f"earlywarn.records.sources.{source_format}").sheets(path)
        delivery = path.as_posix() if source_format == "dfe_api" else delivery
    else:
        from earlywarn.records.opening.sheets import read_sheets  # noqa: PLC0415

        made = read_sheets(path, expected=[t.columns for t in layout.tables.values()])
        delivery = path.as_posix() if path.suffix.lower() == ".xlsx" else delivery
    return [replace(sheet, delivery=delivery) for sheet in made]


def _told_apart(sheets: list[Sheet]) -> list[Sheet]:
    """Say the folder too where files of several deliveries have one name."""
    homes: dict[str, set[str]] = {}
    for sheet in sheets:
        homes.setdefault(sheet.file, set()).add(sheet.delivery)
    return [
        replace(s, file=f"{Path(s.delivery).name}/{s.file}")
        if len(homes[s.file]) > 1 and Path(s.delivery).name != s.file
        else s
        for s in sheets
    ]


def _prepared(sheets: list[Sheet], source_format: str) -> list[Sheet]:
    """Let a format add what only the files' names tell."""
    if source_format != "school_census":
        return sheets
    from earlywarn.records.sources.school_census import prepare  # noqa: PLC0415

    return prepare(sheets)
