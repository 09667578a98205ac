"""Opening a file without believing it: whether it is a plain file, what it is, and whether it stays the same meanwhile.

Every reader of this room opens files through here.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from earlywarn.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 20
"""Bytes that are looked at in one piece."""

_NO_TEXT = {
    b"PK\x03\x04": ("a workbook or another zip archive", "give it the suffix .xlsx, or unpack it first"),
    b"\xd0\xcf\x11\xe0": ("an old or an encrypted Excel workbook", "save it as CSV UTF-8, or as .xlsx"),
    b"PAR1": ("a Parquet file", "give it the suffix .parquet"),
    b"%PDF": ("a PDF document", "ask for the table itself, as CSV UTF-8"),
}


def state_of(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does; refuse what is no plain file, without opening it.

    Raises
    ------
    SourceError
        EW-F01. A pipe is never opened: that would wait for ever.

    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        dangling = _is_link(path)
        raise _no_file(path, "is a link to a file that is not there" if dangling else "is no file") from None
    if stat.S_ISDIR(found.st_mode):
        raise _no_file(path, "is no file, but a folder")
    if not stat.S_ISREG(found.st_mode):
        raise _no_file(path, "is no plain file, but a pipe or a device")
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev


def _is_link(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.is_symlink()
    return False


def _no_file(path: Path, what: str) -> SourceError:
    return SourceError(
        f'"{path}" {what}.', expected="one plain file that this user may read", fix="check the path", rule="EW-F01"
    )


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Refuse a file that another program wrote to while it was read: what was read is then neither old nor new.

    Raises
    ------
    SourceError
        EW-F01, EW-F12.

    """
    before = state_of(path)
    try:
        yield
    except SourceError:
        _refuse_changed(path, before)
        raise
    _refuse_changed(path, before)


def _refuse_changed(path: Path, before: tuple[int, ...]) -> None:
    if state_of(path) != before:
        raise SourceError(
            f'"{path}" changed while it was read.',
            expected="a file that nobody writes to",
            fix="wait until the export has ended, then run again",
            rule="EW-F12",
        ) from None


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """Return how a file begins."""
    try:
        with path.open("rb") as handle:
            return handle.read(count)
    except OSError as error:
        raise cannot_be_opened(path, error) from None


def cannot_be_opened(path: Path, error: OSError) -> SourceError:
    """Say why a file that is there cannot be read."""
    why = (error.strerror or type(error).__name__).lower()
    return SourceError(
        f'"{path}" cannot be opened: {why}.',
        expected="a file that this user may read and no other program holds",
        fix="close it in other programs, or ask for the right to read it",
        rule="EW-F01",
    )


def refuse_no_text(path: Path) -> None:
    """Refuse a file that says of itself that it is no text, whatever its name says.

    Raises
    ------
    SourceError
        EW-F02 for a file without a byte, EW-F21 for another kind of document.

    """
    start = first_bytes(path)
    if not start:
        raise empty(path)
    for magic, (what, fix) in _NO_TEXT.items():
        if start.startswith(magic):
            raise SourceError(
                f'"{path}" is no text, but {what}.', expected="a text file with a header row", fix=fix, rule="EW-F21"
            )


def empty(path: Path) -> SourceError:
    """Say that a file holds nothing."""
    return SourceError(
        f'"{path}" is empty.',
        expected="a header row with the table's columns",
        fix="export it again; a source without records still has a header",
        rule="EW-F02",
    )
