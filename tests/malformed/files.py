"""Files and encodings: what is no file, no text, no Parquet or no workbook, and rows that are no records."""

from __future__ import annotations

import csv
import gzip
import io
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.malformed import CANARY, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Build = Callable[[Path], list[object]]
    Content = bytes | str | Callable[[Path], object]

MAPPING = """
[source]
name = "made"
title = "An invented list of visits"
children = "record_number"
held_by = "social_care"
dates = ["iso"]

[tables.visits]
files = ["*"]
child = "Child ID"
[tables.visits.columns]
"Child ID" = { holds = "id", required = true }
"Visit day" = { holds = "day", required = true }
"Team" = { holds = "text" }
[[tables.visits.records]]
as = "visit"
kind = "visit"
agency = "social_care"
occurred = "@Visit day"
known = "@Visit day"
basis = "source"
because = "the list is written on the day"
"""
HEAD = "Child ID,Visit day,Team"
VISIT = f"{CANARY},2024-05-01,north"
OTHER = "K2,2024-05-02,south"


# --- building ----------------------------------------------------------------------------------------------------


def contact(number: int = 1, **changes: object) -> dict[str, object]:
    """A row of contacts that keeps every rule, but for the changes."""
    return {
        "record_id": f"r{number}",
        "child_id": CANARY,
        "agency": "police",
        "held_by": "police",
        "kind": "incident",
        "about": "child",
        "occurred_precision": "day",
        "recorded_basis": "source",
        "known_at": "2026-03-02T10:00:00",
        "source": "feed",
        "source_row": "1",
    } | changes


CONTACTS = ",".join(contact())
LINES = [",".join(str(cell) for cell in contact(n).values()) for n in range(1, 5)]


def text(*rows: Mapping[str, object], end: str = "\n") -> str:
    """Rows as CSV under one header."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(rows[0]), lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def parquet(*rows: Mapping[str, object]) -> bytes:
    """Rows as Parquet."""
    written = io.BytesIO()
    pl.DataFrame(list(rows)).write_parquet(written)
    return written.getvalue()


def _put(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def folder(content: Content = "", name: str = "contacts.csv", **more: Content) -> Build:
    """A records folder of one file, or of several parts of one table; it is validated."""

    def build(place: Path) -> list[object]:
        for part, whole in (more or {name: content}).items():
            _put(place / part, whole)
        return ["validate", place]

    return build


def table(content: Content, name: str = "there.csv", *, second: str = "") -> Build:
    """A file read by a mapping of its own."""

    def build(place: Path) -> list[object]:
        _put(place / name, content)
        if second:
            _put(place / second, content)
        mapping = place / "mapping.toml"
        mapping.write_text(MAPPING, encoding="utf-8")
        files = [place / name, *([place / second] if second else [])]
        return ["read", *files, "--format", "table", "--mapping", mapping, "--extract-date", "2024-12-31"]

    return build


def document(content: str, source_format: str, name: str) -> Build:
    """A document of a format that ships; beside it a file that it must not open."""

    def build(place: Path) -> list[object]:
        (place / "secret.txt").write_text(CANARY, encoding="utf-8")
        _put(place / name, content.replace("@secret", (place / "secret.txt").as_uri()))
        return ["read", place / name, "--format", source_format]

    return build


def error(case: str, title: str, rule: str, build: Build, *says: str) -> Case:
    """A file that is not read at all."""
    return Case(case, title, "error", build, exit=3, rule=rule, says=says)


def aside(
    case: str, title: str, build: Build, places: Mapping[tuple[str, str], str], accepted: int, *says: str
) -> Case:
    return Case(case, title, "quarantine", build, 4, next(iter(places.values())), places, says, accepted)


def taken(case: str, title: str, build: Build, accepted: int, *says: str) -> Case:
    """A file that is read whole, what was put right being said."""
    return Case(case, title, "normalise", build, says=says, accepted=accepted)


# --- what is larger than a line ----------------------------------------------------------------------------------


def _giant(path: Path) -> None:
    with path.open("wb") as handle:
        handle.write(f"{HEAD}\n{CANARY},2024-05-01,".encode())
        for _ in range(48):
            handle.write(b"x" * (1 << 20))


def _growing(path: Path) -> None:
    """A file that another program goes on writing to, for some seconds."""
    rows = f"{CONTACTS}\n" + "".join(f"r{n}{LINES[0][2:]}\n" for n in range(40_000))
    path.write_text(rows, encoding="utf-8")

    def write() -> None:
        for _ in range(2_000):
            if not path.exists():
                return
            with path.open("a", encoding="utf-8") as handle:
                handle.write("\n")
            time.sleep(0.003)

    threading.Thread(target=write, daemon=True).start()


def _extension(path: Path) -> None:
    class Packed(pa.ExtensionType):
        def __init__(self) -> None:
            super().__init__(pa.string(), "elsewhere.packed")

        def __arrow_ext_serialize__(self) -> bytes:
            return CANARY.encode()

        @classmethod
        def __arrow_ext_deserialize__(cls, *_: Any) -> Any:
            return cls()

    cells = {name: pa.array([cell]) for name, cell in contact().items()}
    cells["worker_id"] = pa.ExtensionArray.from_storage(Packed(), pa.array([CANARY]))
    pq.write_table(pa.table(cells), path)


_PACKED = gzip.compress(f"{HEAD}\n{VISIT}\n".encode())
_BOMB = gzip.compress(f"{HEAD}\n".encode() + b"0,0,0\n" * (11 << 20))
_GOOD = text(contact(1), contact(2))
_PARTS = {"contacts.parquet/a.parquet": parquet(contact(1))}
_CODE_PAGE = text(contact(1), contact(2, source="café")).encode("cp1252")
_MIXED = text(contact(1, source="café")).encode() + LINES[1].replace("feed", "caf\xe9").encode("cp1252") + b"\n"
_TWO_LINES = text(contact(1, source="two\nlines"), contact(2, kind="x"), contact(3))
_OPEN = f"{CONTACTS}\n{LINES[0]}\n{LINES[1].replace('feed', chr(34) + 'feed')}\n{LINES[2]}\n"
_CENSUS = "<Message><Header><ReferenceDate>2024-03-31</ReferenceDate></Header><Children>{}</Children></Message>"
_LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>' + _CENSUS.format("&c;")
_OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "@secret">]>' + _CENSUS.format("&a;")
_WIDE = ",".join(f"c{n}" for n in range(20_000))

CASES = [
    # nothing, and nothing but a header
    error("I-01a", "a file of 0 bytes", "EW-F02", folder(b""), "header"),
    error("I-01b", "a byte-order mark alone", "EW-F02", folder(b"\xef\xbb\xbf")),
    error("I-01c", "a table of 0 bytes", "EW-F02", table(b"")),
    taken("I-02a", "a header alone", folder(CONTACTS + "\n"), 0),
    taken("I-02b", "a header alone, said", table(HEAD), 0, "header alone"),
    # encodings
    taken("I-03a", "a byte-order mark", folder("\ufeff" + _GOOD), 2),
    taken("I-03b", "a byte-order mark, said", table(f"\ufeff{HEAD}\n{VISIT}\n"), 1, "byte-order mark"),
    taken("I-04a", "UTF-16, little end first", folder(_GOOD.encode("utf-16")), 2),
    taken("I-04b", "UTF-16, big end first", table(f"\ufeff{HEAD}\n{VISIT}".encode("utf-16-be")), 1, "UTF-16-BE"),
    error("I-04c", "half of UTF-16", "EW-F03", folder(_GOOD.encode("utf-16")[:-1])),
    error("I-05a", "a Windows code page", "EW-F03", folder(_CODE_PAGE), "line 3", "cp1252"),
    error(
        "I-05b", "a Windows code page in the header", "EW-F03", table("Child ID,É\n1,2\n".encode("cp1252")), "line 1"
    ),
    error("I-05c", "UTF-16 without its mark", "EW-F03", folder(_GOOD.encode("utf-16-le")), "line 1"),
    aside("I-06", "one row of another encoding", folder(_MIXED), {("3", "source"): "EW-R23"}, 1),
    aside("I-07a", "NUL in a cell", folder(_GOOD.replace("feed", "fe\0ed", 1)), {("2", "source"): "EW-R23"}, 1),
    aside(
        "I-07b", "NUL in a row that does not split", table(f"{HEAD}\n{VISIT},\0\n{OTHER}\n"), {("2", ""): "EW-R23"}, 1
    ),
    aside(
        "I-08a",
        "a terminal's own characters in an id",
        folder(text(contact(1, child_id=f"\x1b[2J{CANARY}"), contact(2))),
        {("2", "child_id"): "EW-R07"},
        1,
    ),
    taken("I-08b", "a terminal's own characters in free text", folder(text(contact(1, source="\x1b[2J\x07feed"))), 1),
    # lines
    aside(
        "I-09a",
        "lines that end in CR alone",
        folder("\r".join([CONTACTS, LINES[0], "short", LINES[1]])),
        {("3", ""): "EW-R16"},
        2,
        '"line": "3"',
    ),
    aside(
        "I-09b",
        "lines that end in every way",
        table(f"{HEAD}\r\n{VISIT}\rshort\n{OTHER}\r\n"),
        {("3", ""): "EW-R16"},
        2,
        "different ways",
    ),
    aside("I-10", "a cell of two lines", folder(_TWO_LINES), {("3", "kind"): "EW-R05"}, 2, '"row": "3"', '"line": "4"'),
    error("I-11a", "a quote never closed", "EW-F04", folder(_OPEN), "row 3 (line 3)"),
    error("I-11b", "two quotes never closed", "EW-F04", table(f'{HEAD}\n1,"2,3\n4,"5,6\n'), "row 2 (line 2)"),
    error("I-11c", "a quote never closed in the header", "EW-F04", table(f'"{HEAD}\n{VISIT}\n'), "row 1 (line 1)"),
    # cells
    aside("I-12a", "a cell too many", folder(_GOOD + LINES[2] + ",x\n"), {("4", ""): "EW-R16"}, 2),
    aside("I-12b", "a comma in a note", table(f"{HEAD}\n{VISIT}, and east\n{OTHER}\n"), {("2", ""): "EW-R16"}, 1),
    aside("I-12c", "brackets without end", table(f"{HEAD}\n{'[' * 10_000},x,y,z\n{OTHER}\n"), {("2", ""): "EW-R16"}, 1),
    error(
        "I-13a", "a cell too many in every row", "EW-F05", folder(_GOOD.replace("\n", ",\n").replace(",\n", "\n", 1))
    ),
    error("I-13b", "a cell too few in every row", "EW-F05", table(f"{HEAD},Note\n{VISIT}\n{OTHER}\n"), "3 cells"),
    aside("I-14", "short rows", folder(f"{_GOOD}{CANARY}\nr3,{CANARY}\n"), {(n, ""): "EW-R16" for n in ("4", "5")}, 2),
    error("I-15a", "semicolons", "EW-F06", folder(_GOOD.replace(",", ";")), "semicolons"),
    error("I-15b", "tabs", "EW-F06", table(f"{HEAD}\n{VISIT}\n".replace(",", "\t")), ".tsv"),
    error("I-15c", "vertical bars", "EW-F06", folder(_GOOD.replace(",", "|")), "vertical bars"),
    error("I-15d", "commas where tabs are expected", "EW-F06", table(f"{HEAD}\n{VISIT}\n", "there.tsv"), "commas"),
    taken("I-15e", "tabs where they are expected", table(f"{HEAD}\n{VISIT}\n".replace(",", "\t"), "there.txt"), 1),
    # headers
    error("I-16a", "a column twice", "EW-F07", folder(f"{CONTACTS},kind\n{LINES[0]},visit\n"), "kind"),
    error("I-16b", "a column twice but for capitals", "EW-F07", table(f"{HEAD},team\n{VISIT},x\n"), "Team, team"),
    error("I-16c", "no header, and two equal cells", "EW-F07", table(f"{CANARY},{CANARY}\n"), "column A, column B"),
    taken("I-17a", "blanks in the header", folder(_GOOD.replace("agency,", " agency\u00a0,", 1)), 2),
    taken(
        "I-17b",
        "quotes and no-break spaces, said",
        table(f"'Child\u00a0ID',Visit day ,Team\n{VISIT}\n"),
        1,
        "2 column names",
    ),
    error("I-17c", "a slip in the header", "EW-F09", folder(_GOOD.replace("agency", "agnecy", 1)), "did you mean"),
    error("I-18a", "a column missing", "EW-F08", folder(text({"record_id": "r1", "child_id": CANARY})), "known_at"),
    error("I-18b", "a column missing in a table", "EW-F08", table(f"Child ID,Team\n{CANARY},north\n"), "Visit day"),
    error("I-18c", "no header at all", "EW-F08", folder(f"{CANARY},a,b\n{CANARY},c,d\n")),
    error(
        "I-19a",
        "an unknown column in a contract folder",
        "EW-F09",
        folder(text(contact(shoe_size=CANARY))),
        "shoe_size",
    ),
    taken("I-19b", "an unknown column in a table, said", table(f"{HEAD},Shoe size\n{VISIT},9\n"), 1, "Shoe size"),
    # rows that are no records
    aside("I-20a", "two exports pasted together", folder(_GOOD + text(contact(3))), {("4", ""): "EW-R24"}, 3),
    aside("I-21a", "a total below", folder(f"{_GOOD}Total: 4,120\n"), {("4", ""): "EW-R25"}, 2),
    aside("I-21b", "a total in its own columns", table(f"{HEAD}\n{VISIT}\nTotal,1,\n"), {("3", ""): "EW-R25"}, 1),
    aside("I-21c", "an end mark", table(f"{HEAD}\n{VISIT}\n** End of report **\n"), {("3", ""): "EW-R25"}, 1),
    # too large
    error("I-22", "a field without end", "EW-F10", table(_giant), "line 2"),
    error("I-23a", "a line over 1 MB", "EW-F10", folder(_GOOD.replace("feed", "x" * (1 << 20), 1)), "line 2"),
    error("I-23b", "20,000 columns", "EW-F10", folder(f"{_WIDE}\n"), "20,000 columns"),
    error("I-24a", "gzip made to fill the memory", "EW-F11", table(_BOMB, "there.csv.gz")),
    error("I-24b", "gzip cut off", "EW-F11", table(_PACKED[:-9], "there.csv.gz"), "cut off"),
    error("I-24c", "gzip under a plain name, cut off", "EW-F11", folder(gzip.compress(_GOOD.encode())[:-4])),
    taken("I-24d", "sound gzip", table(_PACKED, "there.csv.gz"), 1),
    taken("I-24e", "sound gzip in a contract folder", folder(gzip.compress(_GOOD.encode()), "contacts.csv.gz"), 2),
    # no plain file
    error("I-25", "a file that changes while it is read", "EW-F12", folder(_growing)),
    error("I-26a", "a folder for a file", "EW-F01", folder(lambda path: path.mkdir()), "a folder"),
    error("I-26b", "no such file", "EW-F01", table(lambda _: None)),
    taken("I-27a", "the same content twice", table(f"{HEAD}\n{VISIT}\n", second="again.csv"), 1, "same content"),
    # Parquet
    error("I-28a", "Parquet of 0 bytes", "EW-F13", folder(b"", "contacts.parquet")),
    error("I-28b", "half a Parquet file", "EW-F13", folder(parquet(contact())[:-200], "contacts.parquet")),
    error("I-28c", "text called Parquet", "EW-F13", table(f"{HEAD}\n{VISIT}\n", "there.parquet"), "renamed"),
    error("I-28d", "a Parquet folder without parts", "EW-F13", folder(lambda path: path.mkdir(), "contacts.parquet")),
    error(
        "I-29a",
        "parts that differ in a type",
        "EW-F14",
        folder(**_PARTS, **{"contacts.parquet/b.parquet": parquet(contact(2, source_row=2))}),
        "a.parquet",
        "b.parquet",
        "String",
        "Int64",
    ),
    error(
        "I-29b",
        "parts that differ in a column",
        "EW-F14",
        folder(**_PARTS, **{"contacts.parquet/b.parquet": parquet(contact(2, worker_id=CANARY))}),
        "worker_id",
    ),
    error("I-30", "a type of another program", "EW-F15", folder(_extension, "contacts.parquet"), "extension"),
    error(
        "I-31a",
        "a list in a cell",
        "EW-F15",
        folder(parquet(contact(worker_id=[CANARY])), "contacts.parquet"),
        "worker_id",
    ),
    error(
        "I-31b",
        "an object in a cell",
        "EW-F15",
        table(parquet({"Child ID": {"a": CANARY}}), "there.parquet"),
        "Child ID",
    ),
    error("I-31c", "ids as numbers", "EW-F15", folder(parquet(contact(child_id=17)), "contacts.parquet"), "zeros"),
    # documents
    error("I-32a", "no JSON at all", "EW-F16", document(f"child_id,{CANARY}", "fhir", "there.json")),
    error("I-33a", "entities that unfold", "EW-F18", document(_LAUGHS, "cin", "there.xml")),
    error("I-33b", "an entity that names a file", "EW-F18", document(_OUTSIDE, "cin", "there.xml")),
    error(
        "I-33c",
        "a document type elsewhere",
        "EW-F18",
        document('<!DOCTYPE x SYSTEM "@secret"><Message/>', "cin", "there.xml"),
    ),
    error("I-33d", "broken XML", "EW-F17", document(_CENSUS.format(f"<Child>{CANARY}"), "cin", "there.xml")),
]

if os.name != "nt":  # Windows has neither
    CASES += [
        error("I-26c", "a pipe", "EW-F01", folder(os.mkfifo), "a pipe"),
        error("I-26d", "a pipe as Parquet", "EW-F01", folder(os.mkfifo, "contacts.parquet")),
        error(
            "I-26e", "a link to nothing", "EW-F01", folder(lambda path: path.symlink_to(path.parent / "gone")), "a link"
        ),
        error("I-26f", "a device", "EW-F01", folder(lambda path: path.symlink_to("/dev/zero")), "a device"),
    ]
