"""Options that several commands take, and how a command says what it did."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlywarn.errors import Exit
from earlywarn.words import count_of, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A records folder.", show_default=False)]
AsOf = Annotated[str, typer.Option("--as-of", metavar="D", help="The day, as YYYY-MM-DD; it means its first midnight.")]
Out = Annotated[Path, typer.Option("--out", metavar="PATH", help="What to write; it must not exist yet.")]
Viewers = Annotated[str, typer.Option(metavar="pooled|all|A,B", help="Whose knowledge to count by.")]
Json = Annotated[bool, typer.Option("--json", help="Print data only, as JSON.")]


def exit_if_refused(rows: int) -> None:
    """Leave with the exit code for refused rows, if there are any."""
    if rows:
        was = "was" if rows == 1 else "were"
        typer.echo(f"{count_of(rows, 'row')} {was} refused; nothing is lost.", err=True)
        raise typer.Exit(Exit.ROWS_REFUSED)


def viewer_words(words: str) -> str | list[str]:
    """Return viewers as `build_features` takes them."""
    return words if words in {"pooled", "all"} else [w.strip() for w in words.split(",") if w.strip()]


def say(data: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print data as JSON, or lines for a person."""
    if as_json:
        print_json(data)
    else:
        typer.echo(printable("\n".join(lines)))


def own_name() -> str:
    """Say how this command was called, so that the next one can be copied: it may not be on the path."""
    called = Path(sys.argv[0])
    return "earlywarn" if shutil.which("earlywarn") or called.stem != "earlywarn" else str(called)


def print_json(data: Any) -> None:
    """Print data as JSON."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


@contextmanager
def new_folder(out: Path, **options: Any) -> Iterator[Path]:
    """Yield a folder that takes its name only if everything in it was written."""
    from earlywarn.files import whole_folder

    with whole_folder(out, **options) as draft:
        yield draft


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on a terminal's standard error what is going on; say nothing to a log."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …"):
        yield


@contextmanager
def progress_of(what: str) -> Iterator[Callable[[int, int], object]]:
    """Say on a terminal how far long work is: yields what is called with steps done, and of how many."""
    if not sys.stderr.isatty():
        yield lambda done, of: (done, of)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
