"""Which date made each thing known, and how sure that is: the rules of every format, read from where they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from earlywarn.records.mapping.layout import EXTRACT, Layout, Record, named_in
from earlywarn.records.sources.formats import FORMATS, layout_of

if TYPE_CHECKING:
    from pathlib import Path


class Clock(NamedTuple):
    """One rule: a record of a table is known from a date, of which the basis says how sure it is."""

    table: str
    record: str
    kind: str
    known_from: str
    basis: str
    because: str


def clocks(source_format: str, mapping: Path | str | None = None) -> list[Clock]:
    """Return the rules of one format, or of every format that ships.

    Parameters
    ----------
    source_format : str
        A format, or blank for all that ship.
    mapping : Path, optional
        A mapping of the user's own.

    Raises
    ------
    ArgumentError
        A format that is not known.

    """
    if source_format == "cin":
        from earlywarn.records.sources.cin import clocks as of_the_census  # noqa: PLC0415

        return [Clock(*rule) for rule in of_the_census()]
    if source_format or mapping:
        return _of_layout(layout_of(source_format or "table", mapping))
    return [rule for name, f in FORMATS.items() if f.mapping or name == "cin" for rule in clocks(name)]


def _of_layout(layout: Layout) -> list[Clock]:
    return [
        Clock(
            f"{layout.source.name}: {table.name}",
            r.name,
            str(r.kind).replace("@", "as in "),
            _known(r),
            " or ".join(dict.fromkeys(r.basis)),
            r.because,
        )
        for table in layout.tables.values()
        for r in table.records
    ]


def _known(record: Record) -> str:
    said = ["the extract's own day" if cell == EXTRACT else ", ".join(named_in(cell)) for cell in record.known]
    return ", else ".join(said)
