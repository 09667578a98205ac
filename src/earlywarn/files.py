"""Whole files or none: everything this library writes goes through here.

A folder is prepared beside its final place, every file in it is flushed to the disk, and it is then renamed into
place; a run that is stopped half way leaves no half result. This is the one module that knows about file modes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from earlywarn.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIVATE = 0o600
"""Readable by its owner alone, where the system has modes."""


def keep_private(path: Path) -> None:
    """Let only the owner read a file that holds refused rows; a system without modes is left as it is."""
    with contextlib.suppress(OSError, NotImplementedError):
        path.chmod(PRIVATE)


def write_private(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that only its owner may read, from its first byte on; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    keep_private(path)
    write(path)


FORMULA_STARTS = r"^([=+\-@\t\r'])"
"""A text cell that begins so could be run as a formula by a spreadsheet; it gets an apostrophe, which hides there."""


def _usual(mode: int) -> int:
    """Return the mode a new file or folder gets here: what the user's own mask leaves of it."""
    mask = os.umask(0)
    os.umask(mask)
    return mode & ~mask


def _unwritable(out: Path, error: OSError) -> OutputError:
    """Say why nothing could be written, without a word of what was to be written."""
    why = error.strerror or type(error).__name__
    return OutputError(
        f'Nothing can be written at "{out}": {why.lower()}.',
        expected="a place this user may write to, with room, under a name the system allows",
        fix="choose another --out, or make room",
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _unwritable(path, error) from None


def _flush(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename last. Windows cannot open a folder, and does not need to."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def refuse_existing(out: Path) -> None:
    """Refuse an output that exists and is not an empty folder.

    Raises
    ------
    OutputError
        With the exit code for "output exists".

    """
    if _exists(out) and not (out.is_dir() and not any(out.iterdir())):
        raise OutputError(
            f'The output "{out}" exists.',
            expected="a folder that does not exist yet",
            fix="choose another --out, or move the old folder away",
        )


@contextlib.contextmanager
def whole_folder(out: Path, *, may_replace: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Yield a folder to write into; it takes the name ``out`` only if everything in it was written.

    Parameters
    ----------
    out : Path
        The final place.
    may_replace : callable
        Says of an existing folder whether it may be replaced. By default none may.

    Raises
    ------
    OutputError
        ``out`` exists and may not be replaced, or cannot be written.

    """
    replace = _exists(out) and out.is_dir() and may_replace(out)
    if not replace:
        refuse_existing(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        yield draft
        for path in sorted(p for p in draft.rglob("*") if p.is_file()):
            _flush(path)
        _put_in_place(draft, out, replace=replace)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_in_place(draft: Path, out: Path, *, replace: bool) -> None:
    try:
        draft.chmod(_usual(0o777))
        if replace:
            _exchange(draft, out)
        else:
            if out.exists():
                out.rmdir()
            draft.rename(out)
    except OSError as error:
        raise OutputError(
            f'The output "{out}" could not be put in place.',
            expected="a folder that no other program holds open",
            fix="close files from it (a workbook open in Excel, say) and run again",
        ) from error
    _flush_folder(out.parent)


def _exchange(draft: Path, out: Path) -> None:
    """Put a folder in another's place; should that fail, the older one keeps its place."""
    old = draft.with_suffix(".old")
    out.rename(old)
    try:
        draft.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write text the same on every system: UTF-8, and line ends as given."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write one file beside its place and rename it there; an existing file is refused.

    Raises
    ------
    OutputError
        The file exists, or cannot be written.

    """
    if _exists(path):
        raise OutputError(
            f'The output "{path}" exists.',
            expected="a file that does not exist yet",
            fix="choose another name, or move the old file away",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        _flush(draft)
        draft.chmod(_usual(0o666))
        draft.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        draft.unlink(missing_ok=True)
