"""The bytes of a file as UTF-8 text in blocks of bounded size, whatever it is packed or written in.

No file has to fit into memory before it has been looked at, and none can unpack itself into all of it.
"""

from __future__ import annotations

import codecs
import io
import zlib
from typing import TYPE_CHECKING

from earlywarn.errors import SourceError
from earlywarn.records.opening.files import BLOCK, cannot_be_opened, first_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_UNPACKED = 4 << 30
"""More than this a compressed file may not hold."""
MAX_RATIO = 200
"""Extracts pack to a tenth or a twentieth; what unpacks to more than this was made to fill the memory."""
RATIO_FROM = 16 << 20

MARK = "\ufdd0"
"""Stands before the hex digits of a byte that is no text. A noncharacter: no text that people exchange holds it."""

_BOMS = {  # the longer ones first: one begins like another
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def is_packed(path: Path) -> bool:
    """Whether a file is gzip: its first bytes say so, not its name."""
    return first_bytes(path, 2) == b"\x1f\x8b"


def encoding_of(path: Path) -> tuple[str, int]:
    """Return the encoding that the byte-order mark names, and the mark's length; without a mark it is UTF-8."""
    start = next(raw_blocks(path), b"")[:4]
    found = next(((name, len(bom)) for bom, name in _BOMS.items() if start.startswith(bom)), None)
    return found or ("utf-8", 0)


def raw_blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked where it is gzip, in blocks of bounded size.

    Raises
    ------
    SourceError
        EW-F11: broken or cut off gzip, or one that would fill the memory.

    """
    packed = is_packed(path)
    try:
        with path.open("rb") as handle:
            if packed:
                yield from _unpacked(path, handle)
            else:
                yield from iter(lambda: handle.read(BLOCK), b"")
    except OSError as error:
        raise cannot_be_opened(path, error) from None


def _unpacked(path: Path, handle: io.BufferedIOBase) -> Iterator[bytes]:
    packed = unpacked = 0
    machine, rest = zlib.decompressobj(wbits=31), b""
    while True:
        rest = rest or handle.read(1 << 16)
        if not rest:
            break
        if machine.eof:  # gzip files may be put one behind another
            machine = zlib.decompressobj(wbits=31)
        before = len(rest)
        try:
            block = machine.decompress(rest, BLOCK)
        except zlib.error:
            raise _bad_gzip(path, "is broken gzip") from None
        rest = machine.unused_data if machine.eof else machine.unconsumed_tail
        packed, unpacked = packed + before - len(rest), unpacked + len(block)
        if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed):
            raise _bad_gzip(path, "unpacks to more than can be meant")
        if block:
            yield block
    if not machine.eof:
        raise _bad_gzip(path, "is gzip that was cut off")


def _bad_gzip(path: Path, what: str) -> SourceError:
    return SourceError(
        f'"{path}" {what}.',
        expected=f"a whole gzip file, under {MAX_UNPACKED >> 30} GB and {MAX_RATIO} times its size when unpacked",
        fix="fetch it again, or unpack it yourself and look at it",
        rule="EW-F11",
    )


def text_blocks(path: Path, *, marked: bool = False) -> Iterator[bytes]:
    """Yield a text file as UTF-8 without its byte-order mark.

    Parameters
    ----------
    path : Path
        The file.
    marked : bool
        Write what is no text (NUL, bytes that are no UTF-8) as `MARK` and two hex digits, so that it stays within its
        cell and can be found there.

    """
    encoding, length = encoding_of(path)
    blocks = _without_start(raw_blocks(path), length)
    if encoding == "utf-8" and not marked:
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)("earlywarn.marked" if encoding == "utf-8" else "strict")
    for block in blocks:
        yield _as_utf8(path, decoder, block, encoding, marked=marked)
    if end := _as_utf8(path, decoder, b"", encoding, marked=marked, final=True):
        yield end


def _as_utf8(
    path: Path, decoder: codecs.IncrementalDecoder, block: bytes, encoding: str, *, marked: bool, final: bool = False
) -> bytes:
    try:
        text = decoder.decode(block, final=final)
        return (text.replace("\0", f"{MARK}00") if marked else text).encode()
    except UnicodeError:
        raise SourceError(
            f'"{path}" is no whole {encoding.upper()} text, as its byte-order mark promises.',
            expected="UTF-8 text",
            fix="export it again as CSV UTF-8",
            rule="EW-F03",
        ) from None


def _without_start(blocks: Iterator[bytes], length: int) -> Iterator[bytes]:
    first = next(blocks, b"")[length:]
    if first:
        yield first
    yield from blocks


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(f"{MARK}{byte:02x}" for byte in bad), error.end


codecs.register_error("earlywarn.marked", _mark)


class BlockReader(io.RawIOBase):
    """Blocks as a file that other readers can read from, beginning ``skip`` bytes in."""

    def __init__(self, blocks: Iterator[bytes], skip: int = 0) -> None:
        self._blocks, self._rest, self._skip = blocks, memoryview(b""), skip

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stubs ask for any buffer
        """Fill the buffer with what comes next; 0 at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)[self._skip :]
            self._skip = max(0, self._skip - len(block))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
