"""Is it a workbook, and one that can be opened? Asked of the archive's directory, before anything is unpacked."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from earlywarn.errors import SourceError
from earlywarn.records.opening.files import BLOCK, first_bytes

if TYPE_CHECKING:
    from pathlib import Path

MAX_UNPACKED = 512 << 20
"""A worksheet of a million rows and twenty columns unpacks to less."""
MAX_RATIO = 100
"""Worksheets pack to a tenth or so; what unpacks to more than this was made to fill the memory."""
RATIO_FROM = 16 << 20
MAX_PARTS = 2000
MAX_SHEETS = 200

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OUTSIDE = re.compile(r"^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")


def refuse_unsafe_workbook(path: Path) -> None:
    """Refuse what is no .xlsx workbook, and one that would fill the memory.

    Raises
    ------
    SourceError
        EW-F19, EW-F20.

    """
    start = first_bytes(path)
    if not start.startswith(b"PK"):
        raise not_a_workbook(path, _what_else(path, start))
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise not_a_workbook(path, "a workbook that is broken or cut off") from None
    _refuse_traps(path, parts)
    _refuse_other_kinds(path, parts)


def not_a_workbook(path: Path, what: str) -> SourceError:
    """Say what a file is instead."""
    return SourceError(
        f'"{path}" is {what}.',
        expected="an Excel workbook (.xlsx) without macros and without a password",
        fix='open it in a spreadsheet program and save it as "Excel Workbook (.xlsx)"',
        rule="EW-F20",
    )


def _what_else(path: Path, start: bytes) -> str:
    if not start:
        return "an empty file"
    if start.startswith(_OLD_EXCEL):
        return "a workbook with a password" if _holds(path, _ENCRYPTED) else "an old Excel workbook (.xls)"
    text = start.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if "<html" in text or text.startswith(("<!doctype html", "<table", "<body", "<head")):
        return "a web page (HTML) under a workbook's name"
    if text.startswith("<"):
        return "an XML file under a workbook's name"
    return "no workbook"


def _holds(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as handle:
        before = b""
        while block := handle.read(BLOCK):
            if wanted in before + block:
                return True
            before = block[-len(wanted) :]
    return False


def _refuse_traps(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(p.file_size for p in parts), max(1, sum(p.compress_size for p in parts))
    sheets = sum("/worksheets/" in p.filename and p.filename.endswith(".xml") for p in parts)
    traps = {
        "has parts that point outside it": any(_OUTSIDE.search(p.filename) for p in parts),
        "holds a part twice": len({p.filename.lower() for p in parts}) < len(parts),
        f"unpacks to {unpacked >> 20:,} MB": unpacked > MAX_UNPACKED
        or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed),
        f"has {sheets:,} worksheets": sheets > MAX_SHEETS,
        f"has {len(parts):,} parts": len(parts) > MAX_PARTS,
    }
    for what in (what for what, found in traps.items() if found):
        raise too_large_workbook(path, what)


def too_large_workbook(path: Path, what: str) -> SourceError:
    """Say that a workbook is larger than any table, or built to be."""
    return SourceError(
        f'"{path}" {what}.',
        expected=f"at most {MAX_SHEETS} worksheets, {MAX_UNPACKED >> 20} MB when unpacked, and no part outside it",
        fix="export the table itself, as CSV UTF-8 or Parquet",
        rule="EW-F19",
    )


def _refuse_other_kinds(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    names = {p.filename for p in parts}
    if any(p.flag_bits & 1 for p in parts):
        raise not_a_workbook(path, "an archive with a password")
    if any(name.endswith("vbaProject.bin") for name in names):
        raise not_a_workbook(path, "a workbook with macros (.xlsm)")
    if "xl/workbook.bin" in names:
        raise not_a_workbook(path, "a binary workbook (.xlsb)")
    if "content.xml" in names and "mimetype" in names:
        raise not_a_workbook(path, "an OpenDocument file (.ods)")
    if not any(name.startswith("xl/") for name in names):
        raise not_a_workbook(path, "an archive that holds no workbook")
