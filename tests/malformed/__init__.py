"""The malformed corpus: every bad input the catalogue names, built by code, with what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CANARY = "Zebedee-Quill-4417"
"""Stands in every sensitive cell of the corpus, and may stand in no message, log or file but the quarantine."""

Act = Literal["error", "quarantine", "normalise", "warn", "accept"]


@dataclass(frozen=True)
class Case:
    """One bad input.

    ``build`` writes the files into an empty folder and returns the command's words after ``earlywarn``, paths made of
    that folder; ``--json`` is added by the test, and for ``read`` an ``--out`` outside that folder. ``rule`` is the id
    that must be named (a file's rule on standard error, a row's rule in the account of refused rows). ``places`` are
    the refused rows exactly: (row, column) to rule. ``says`` must each stand in what is printed.
    """

    id: str
    title: str
    act: Act
    build: Callable[[Path], list[object]]
    exit: int = 0
    rule: str = ""
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    accepted: int | None = None
