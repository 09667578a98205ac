"""JSON read strictly: each key once, numbers finite, no depth beyond reason, nothing after the end.

Numbers stay the text they were written as, so an id keeps its zeros and a value its last place. A message names file,
line and column and never what stands there.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from earlywarn.errors import SourceError
from earlywarn.records.opening.blocks import BlockReader, encoding_of, text_blocks
from earlywarn.records.opening.files import first_bytes, unchanged
from earlywarn.records.opening.lines import SAME_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

DEPTH = 100
"""Objects within objects: no format read here comes near it, and a parser that recurses stays far from its limit."""

DOCUMENT_BYTES = 1 << 30
LINE_BYTES = 1 << 26

LINES = (".ndjson", ".jsonl")
"""Suffixes of files that hold one document a line."""

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_NO_BRACKET = bytes(b for b in range(256) if b not in b'"[]{}')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_NO_VALUE = {"NaN", "Infinity", "-Infinity"}


class UnsoundError(ValueError):
    """Text that is no sound JSON: what is wrong with it, at which line and column of the text."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        self.problem, self.line, self.column = problem, line, column
        super().__init__(problem)


@dataclass(frozen=True)
class Element:
    """One repeated element of a file: where it stands (entry or line, from 1), and what it holds."""

    row: int
    value: Any


@dataclass(frozen=True)
class Aside:
    """An element that could not be made a row: where it stands, the field and the rule it broke, and what it holds."""

    row: int
    column: str
    rule: str
    content: str


@dataclass(frozen=True)
class Elements:
    """What one file holds: one document, or one a line; ``aside`` are the lines that are no sound JSON."""

    document: Any = None
    lines: tuple[Element, ...] | None = None
    aside: tuple[Aside, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def row_lines(self) -> pl.DataFrame | None:
        """Where rows and lines part ways: nowhere in a file of one document a line; None where rows are no lines."""
        return None if self.lines is None else SAME_LINES


def read(path: Path) -> Elements:
    """Read one JSON document, or a file of one document a line.

    A file is taken by lines where its name says so (`LINES`), or where it is no single document and its first line is
    one by itself.

    Raises
    ------
    SourceError
        No such file (EW-F01), empty (EW-F02), not UTF-8 (EW-F03), beyond all bounds (EW-F10), or no sound JSON
        (EW-F16).

    """
    with unchanged(path):
        if not first_bytes(path, 1):
            raise _empty(path)
        if path.suffix.lower() in LINES or path.name.lower().endswith(tuple(f"{s}.gz" for s in LINES)):
            return _by_lines(path)
        text = _decoded(path, _whole(path))
        try:
            return Elements(document=parse(text), notes=_marks(path))
        except UnsoundError as fault:
            if _looks_like_lines(text):
                return _by_lines(path)
            raise _no_sound(path, fault) from None


def parse(text: str) -> Any:
    """Turn text into a value, or say what is wrong with it and where.

    Raises
    ------
    UnsoundError
        Broken syntax, a key twice in one object, a number that is none, or more depth than `DEPTH`.

    """
    if depth(text.encode()) > DEPTH:
        raise UnsoundError("objects within objects beyond all reason")
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_float=_finite, parse_int=str, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise UnsoundError("it breaks off, or something stands where it may not", error.lineno, error.colno) from None
    except UnsoundError as fault:
        raise _located(text, fault) from None
    except RecursionError:
        raise UnsoundError("objects within objects beyond all reason") from None


def depth(data: bytes) -> int:
    """How deep objects and lists nest, without parsing them: a parser that recurses may not get there.

    Examples
    --------
    >>> depth(b'[{"a]": "[[["}]')
    2

    """
    plain = _ESCAPED.sub(b"", data) if b"\\" in data else data
    outside = b"".join(plain.translate(None, _NO_BRACKET).split(b'"')[::2])
    if not outside:
        return 0
    brackets = np.frombuffer(outside, dtype=np.uint8)
    opens = (brackets == ord("[")) | (brackets == ord("{"))
    return int(np.where(opens, 1, -1).cumsum().max())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise UnsoundError("a key stands twice in one object")
    return whole


def _finite(text: str) -> str:
    if not np.isfinite(float(text)):
        raise UnsoundError("a number beyond all bounds")
    return text


def _no_constant(_: str) -> Any:
    raise UnsoundError("NaN or Infinity, which are no JSON")


def _located(text: str, fault: UnsoundError) -> UnsoundError:
    """Find the first place of a fault that the parser names without one: walk the tokens, objects on a stack."""
    within_objects: list[set[str] | None] = []
    for token, following in pairwise([*_TOKEN.finditer(text), None]):
        said = token.group() if token else ""
        if said in {"{", "["}:
            within_objects.append(set() if said == "{" else None)
        elif said in {"}", "]"} and within_objects:
            within_objects.pop()
        keys = within_objects[-1] if within_objects else None
        is_key = keys is not None and following is not None and following.group() == ":"
        key = json.loads(said, strict=False) if is_key and said.startswith('"') else None
        if token and (_is_no_number(said) or (key is not None and keys is not None and key in keys)):
            line = text.count("\n", 0, token.start()) + 1
            return UnsoundError(fault.problem, line, token.start() - text.rfind("\n", 0, token.start()))
        if keys is not None and key is not None:
            keys.add(key)
    return fault


def _is_no_number(token: str) -> bool:
    if token in _NO_VALUE:
        return True
    try:
        return not token.startswith('"') and not np.isfinite(float(token))
    except ValueError:
        return False


def _whole(path: Path) -> bytes:
    data = bytearray()
    for block in text_blocks(path):
        data += block
        if len(data) > DOCUMENT_BYTES:
            raise beyond(f'"{path.name}" is too large for one document', "one document a line (.ndjson)")
    if not data.strip():
        raise _empty(path)
    return bytes(data)


def _marks(path: Path) -> tuple[str, ...]:
    encoding, length = encoding_of(path)
    return (f"its text is {encoding.upper()}, as its byte-order mark says",) if length else ()


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f'"{path.name}", line {line}, is not UTF-8 text.',
            expected="JSON in UTF-8",
            fix="export it again as UTF-8",
            rule="EW-F03",
        ) from None


def _looks_like_lines(text: str) -> bool:
    """Whether the first line is a whole object, and the next that says anything begins another."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        return isinstance(parse(first), dict) and rest.lstrip().startswith("{")
    except UnsoundError:
        return False


def _by_lines(path: Path) -> Elements:
    """One document a line; a line that is no sound JSON is set aside with its number, and the rest is read."""
    whole: list[Element] = []
    aside: list[Aside] = []
    for number, line in _lines(path):
        try:
            whole.append(Element(number, parse(line.decode("utf-8"))))
        except UnicodeDecodeError:
            aside.append(Aside(number, "", "EW-R23", _as_line(line.decode("utf-8", "backslashreplace"))))
        except UnsoundError:
            aside.append(Aside(number, "", "EW-R31", _as_line(line.decode("utf-8"))))
    if not whole and not aside:
        raise _empty(path)
    if not whole:
        raise _no_sound(path, UnsoundError("not one of its lines is a document", line=aside[0].row))
    return Elements(lines=tuple(whole), aside=tuple(aside), notes=_marks(path))


def _as_line(text: str) -> str:
    """Return the content of a broken line: JSON that holds it as a text, since it is none itself."""
    return json.dumps({"line": text}, ensure_ascii=False)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that say anything, with their numbers; memory holds one at a time."""
    handle = io.BufferedReader(BlockReader(text_blocks(path)))
    number = 0
    while line := handle.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES:
            raise beyond(f'"{path.name}", line {number}, is too long', "one document a line")
        if line.strip():
            yield number, line.strip()


def _empty(path: Path) -> SourceError:
    return SourceError(f'"{path.name}" is empty.', expected="a JSON document", fix="export it again", rule="EW-F02")


def beyond(found: str, expected: str) -> SourceError:
    """Say that something is larger than anything that is meant."""
    return SourceError(f"{found}.", expected=expected, fix="export it in parts", rule="EW-F10")


def _no_sound(path: Path, fault: UnsoundError) -> SourceError:
    return SourceError(
        f'"{path.name}", line {fault.line}, column {fault.column}, is no sound JSON: {fault.problem}.',
        expected="one JSON document; each key once, numbers finite, nothing after the end",
        fix="export it again; a file of one document a line has the suffix .ndjson",
        rule="EW-F16",
    )
