"""The command line from outside: what it prints, the code it leaves with, and what lies on the disk afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

from earlywarn import cli

ROOT = Path(__file__).parents[2]
AS_OF = "2026-11-01"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must be JSON in the strict sense and nothing else."""
        return json.loads(self.out, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def earlywarn(*words: object) -> Ended:
    """Run one command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([str(word) for word in words])
    return Ended(code, out.getvalue(), err.getvalue())


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder, by its relative name."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
