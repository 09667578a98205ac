"""Looking a text file over before any row is split: its bytes, its lines, its quotes. Memory stays flat.

One pass tells of nearly every file that it is sound. Only where something is odd does a slower one find the row, so
that a person can go there.
"""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from earlywarn.errors import SourceError
from earlywarn.records.opening.blocks import encoding_of, text_blocks
from earlywarn.records.opening.files import BLOCK, empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE = BLOCK
"""Bytes of the longest line; also the size of a block, so that a longer line fills at least one."""
MAX_CELL = 4 * BLOCK
"""Bytes of the longest quoted cell, line breaks and all."""

_SIGNS = (b"\r\n", b"\r", b"\n", b'"', b"\0")


class Place(NamedTuple):
    """Where in a text file: the row as records are counted, and the line as an editor counts."""

    row: int
    line: int


@dataclass(frozen=True)
class Survey:
    """What one pass over a text file tells.

    Parameters
    ----------
    encoding : str
        What the byte-order mark names; UTF-8 without one.
    bom : bool
        Whether there is a byte-order mark.
    lines : int
        As an editor counts: CR, LF and CRLF each end a line.
    kinds_of_end : int
        How many of these three occur.
    quotes : int
        How many double quotes there are.
    marked : bool
        Some rows, not all, hold bytes that are no text: they are to be set aside one by one.

    """

    encoding: str
    bom: bool
    lines: int
    kinds_of_end: int
    quotes: int
    marked: bool


def survey(path: Path) -> Survey:
    """Pass over a text file once.

    Raises
    ------
    SourceError
        EW-F02 without any text, EW-F03 where it is not UTF-8, EW-F10 for a line beyond all bounds.

    """
    encoding, bom = encoding_of(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    sums: Counter[bytes] = Counter()
    valid, since, last = True, 0, b""
    for block in text_blocks(path):
        since = _line_so_far(path, block, since, _lines(sums))
        sums.update({sign: block.count(sign) for sign in _SIGNS})
        sums[b"\r\n"] += last == b"\r" and block.startswith(b"\n")
        valid = valid and _decodes(decoder, block)
        last = block[-1:]
    if not last:
        raise empty(path)
    if not (valid and _decodes(decoder, b"", final=True)):
        _refuse_code_page(path)
        valid = False
    ends = (sums[b"\r\n"], sums[b"\r"] - sums[b"\r\n"], sums[b"\n"] - sums[b"\r\n"])
    lines = _lines(sums) + (last not in {b"\n", b"\r"})
    marked = not valid or sums[b"\0"] > 0
    return Survey(encoding, bool(bom), lines, sum(n > 0 for n in ends), sums[b'"'], marked)


def _lines(sums: Counter[bytes]) -> int:
    return sums[b"\r"] + sums[b"\n"] - sums[b"\r\n"]


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final=final)
    except UnicodeDecodeError:
        return False
    return True


def _line_so_far(path: Path, block: bytes, since: int, lines: int) -> int:
    """Return the length of the line that the block leaves open. Lines within a block cannot be too long."""
    ends = [at for at in (block.find(b"\n"), block.find(b"\r")) if at >= 0]
    if since + (min(ends) if ends else len(block)) > MAX_LINE:
        raise too_large(f'"{path}", line {lines + 1:,},', "is longer than 1 MB")
    return len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r")) if ends else since + len(block)


def too_large(where: str, what: str) -> SourceError:
    """Say that something is larger than any extract makes it."""
    return SourceError(
        f"{where} {what}.",
        expected=f"lines under {MAX_LINE >> 20} MB, quoted cells under {MAX_CELL >> 20} MB",
        fix="look at that place in the file: a quote or a line end may be missing; else leave the long text out",
        rule="EW-F10",
    )


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a text file with their ends, as an editor counts them; none of them is over-long."""
    rest = b""
    for block in text_blocks(path):
        parts = (rest + block).splitlines(keepends=True)
        rest = parts.pop()  # even if it ends: a CR may belong to a LF in the next block
        yield from parts
    if rest:
        yield rest


def _refuse_code_page(path: Path) -> None:
    """Refuse a file in another code page. It is let through where other rows are true UTF-8: then some rows are bad."""
    first_bad, offset, good = None, 0, False
    for number, line in enumerate(lines_of(path), start=1):
        if not line.isascii():
            at = _first_bad_byte(line)
            good = good or at is None
            if at is not None and first_bad is None:
                first_bad = (number, offset + at)
        if first_bad and (good or first_bad[0] == 1):
            break
        offset += len(line)
    if first_bad and (first_bad[0] == 1 or not good):
        raise not_utf8(path, *first_bad)


def _first_bad_byte(line: bytes) -> int | None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def not_utf8(path: Path, line: int, offset: int) -> SourceError:
    """Say where a file stops being UTF-8, without guessing what it is instead."""
    return SourceError(
        f'"{path}", line {line:,}, byte {offset:,} of the text, is not UTF-8.',
        expected="UTF-8 text",
        fix='save it again as "CSV UTF-8"; a Windows code page (cp1252) is likely, and is not guessed',
        rule="EW-F03",
    )


def open_quote(path: Path, delimiter: str) -> Place | None:
    """Find the first quote that is never closed as it should be, or only after more than a cell can hold."""
    opened, size, row = None, 0, 0
    for line, text in enumerate(lines_of(path), start=1):
        row += opened is None
        rest: bytes | None = text
        if opened is not None:
            size += len(text)
            rest = _after_close(text)
            if size > MAX_CELL or not _closes_well(rest, delimiter):
                return opened
        if rest is not None:
            opened, size = (opened or Place(row, line), 0) if rest.count(b'"') % 2 else (None, 0)
    return opened


def _after_close(text: bytes) -> bytes | None:
    """Return what stands behind the quote that closes a cell, or nothing where the line does not close it."""
    at = text.find(b'"')
    while at >= 0 and text[at + 1 : at + 2] == b'"':
        at = text.find(b'"', at + 2)
    return None if at < 0 else text[at + 1 :]


def _closes_well(rest: bytes | None, delimiter: str) -> bool:
    return rest is None or rest[:1] in {b"", b"\r", b"\n", delimiter.encode()}
