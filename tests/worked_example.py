"""The worked example of docs/records.md: its tables as files, its commands, and what they print.

``python dev.py docs`` writes what the commands print today into the page; a test holds the page to it.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path

from earlywarn.cli import run

PAGE = Path(__file__).parents[1] / "docs" / "records.md"
TABLE = re.compile(r"`extracts/(\w+\.csv)`\n\n```csv\n(.*?)```", re.DOTALL)
PRINTED = re.compile(r"`earlywarn ([^`\n]+)`[^`]*?:\n\n```text\n(.*?)```", re.DOTALL)
BROKEN = ("2026-09-20T23:10", "20/09/2026 23:10")
AFTER_BREAKING = re.compile(r"Then `validate` prints.*?```text\n(.*?)```", re.DOTALL)


def says(command: str, folder: Path) -> str:
    """What a command prints on standard output, run where the example's tables lie."""
    shown = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
        run(command.split())
    return "\n".join(line.rstrip() for line in shown.getvalue().splitlines()) + "\n"


def lay_out(text: str, folder: Path, *, broken: bool = False) -> None:
    """Write the page's tables into a folder; ``broken`` turns one time as a spreadsheet might."""
    (folder / "extracts").mkdir()
    for name, content in TABLE.findall(text):
        (folder / "extracts" / name).write_text(content.replace(*BROKEN) if broken else content, encoding="utf-8")


def as_printed_today(text: str) -> str:
    """The page with every printed block as the commands print it now."""
    with tempfile.TemporaryDirectory() as place:
        lay_out(text, Path(place))
        for command, old in PRINTED.findall(text):
            text = text.replace(f"```text\n{old}```", f"```text\n{says(command, Path(place))}```")
    with tempfile.TemporaryDirectory() as place:
        lay_out(text, Path(place), broken=True)
        [old] = AFTER_BREAKING.findall(text)
        return text.replace(f"```text\n{old}```", f"```text\n{says('validate extracts', Path(place))}```")


def rewrite() -> None:
    """Bring the page up to date."""
    PAGE.write_text(as_printed_today(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    rewrite()
