"""Features: the command that lists the catalogue, says what it needs, and counts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlywarn.cli.shared import Json, Viewers, exit_if_refused, print_json, progress, progress_of, say, viewer_words
from earlywarn.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.features.feature import Feature
    from earlywarn.features.settings import Settings

Set = Annotated[
    str | None,
    typer.Option(
        "--set", metavar="NAME", help="core, starting, all or no_surveillance; else core, and all for --list."
    ),
]


def features(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", show_default=False)] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="D", help="The day, as YYYY-MM-DD.")] = None,
    viewers: Viewers = "pooled",
    named: Set = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", metavar="F.toml", help="Thresholds of your own, a line each.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="F.parquet", help="Where to write the table.")] = None,
    catalogue: Annotated[bool, typer.Option("--list", help="List the features instead.")] = False,
    by_source: Annotated[
        bool, typer.Option("--needs", help="Show instead which source can tell which feature: the formats', or DIR's.")
    ] = False,
    part: Annotated[
        int | None,
        typer.Option(
            "--part", metavar="N", min=1, help="Take N children at a time: records too many for memory, as Parquet."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Count the features of every child; or list them, or what they need."""
    if catalogue:
        _list(named or "all", settings, as_json)
        return
    chosen = _chosen(named or "core", settings)
    if by_source:
        _say_needs(folder, chosen, as_json)
        return
    if folder is None or as_of is None or out is None:
        raise ArgumentError(
            "Something is missing.", expected="DIR, --as-of and --out; or --list", fix="see earlywarn features --help"
        )
    if part is not None:
        _count_in_parts(folder, as_of, viewers, chosen, out, part, as_json)
    else:
        _count(folder, as_of, viewers, chosen, out, as_json)


def _count_in_parts(
    folder: Path, as_of: str, viewers: str, chosen: Sequence[Feature], out: Path, part: int, as_json: bool
) -> None:
    from earlywarn.features.parts import write_features
    from earlywarn.records.parted import RecordsInParts

    records = RecordsInParts(folder, part)
    with progress_of("Counting features") as step:
        rows = write_features(records, as_of, out, viewers=viewer_words(viewers), features=chosen, progress=step)
    said = {"out": str(out), "rows": rows, "features": len(chosen), "parts": len(records)}
    say(said, as_json, [f"{rows:,} rows of {len(chosen)} features, in {len(records)} parts.", f"Written to {out}."])
    exit_if_refused(sum(records.refused.values()))


def _count(folder: Path, as_of: str, viewers: str, chosen: Sequence[Feature], out: Path, as_json: bool) -> None:
    from earlywarn.features.engine import build_features
    from earlywarn.files import write_whole
    from earlywarn.records.reading import read_records

    with progress("Counting features"):
        records = read_records(folder)
        table = build_features(records, as_of, viewers=viewer_words(viewers), features=chosen)
        write_whole(out, table.to_polars().write_parquet)
    cannot = table.coverage.select("feature", "need").unique().sort("feature", "need").rows()
    said = {"out": str(out), "rows": table.values.height, "features": len(chosen), "cannot_tell": cannot}
    lines = [f"{table!r}", *(f"cannot tell {name}: nobody's records have {need}" for name, need in cannot)]
    say(said, as_json, [*lines, f"Written to {out}."])
    exit_if_refused(records.refused)


def _list(name: str, settings: Path | None, as_json: bool) -> None:
    from earlywarn.features.catalogue import families
    from earlywarn.reports.feature_list import feature_data, feature_lines, show_features
    from earlywarn.reports.terminal import console

    wanted = {f.name for f in _chosen(name, settings)}
    whole = families(_settings(settings))
    by_family = {family: kept for family, every in whole.items() if (kept := [f for f in every if f.name in wanted])}
    if as_json:
        print_json(feature_data(by_family))
    elif (out := console()).is_terminal:
        show_features(out, by_family)
    else:
        typer.echo("\n".join(feature_lines(by_family)))


def _chosen(name: str, path: Path | None) -> tuple[Feature, ...]:
    """Return a named set with the user's settings; settings that change nothing of it are refused, not forgotten."""
    from earlywarn.features.sets import feature_set, set_hash
    from earlywarn.features.settings import Settings

    settings = _settings(path)
    found = feature_set(name, settings)
    if path and settings != Settings() and set_hash(found) == set_hash(feature_set(name)):
        raise ArgumentError(
            f"The settings of {path.name} change nothing in the set {name}.",
            expected="settings of features that are counted; the core features have none",
            fix="add --set all, or leave --settings out",
        )
    return found


def _settings(path: Path | None) -> Settings | None:
    from earlywarn.features.settings_file import read_settings

    return read_settings(path) if path else None


def _say_needs(folder: Path | None, chosen: Sequence[Feature], as_json: bool) -> None:
    from earlywarn.features.needs import needs_table
    from earlywarn.records.reading import read_records
    from earlywarn.reports.quality_page import show_needs
    from earlywarn.reports.terminal import console

    records = read_records(folder) if folder else None
    table = needs_table(records, chosen)
    if as_json:
        print_json(table.to_dicts())
    else:
        show_needs(console(), table)
    exit_if_refused(records.refused if records else 0)
