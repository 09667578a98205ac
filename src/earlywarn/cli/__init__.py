"""The command line: one sub-command a stage. Each parses its words, calls one room, and says what came of it.

Exit codes are those of `earlywarn.errors.Exit`. Standard output is for the answer, standard error for progress and
errors; with ``--json`` standard output is data only. A user's mistake prints no traceback.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from earlywarn import __version__
from earlywarn.cli import features, history, records, scoring
from earlywarn.errors import EarlywarnError, Exit

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def earlywarn(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """From the records agencies already hold to explained prompts for review. A person decides."""
    if version:
        typer.echo(f"earlywarn {__version__}")
        raise typer.Exit(Exit.OK)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for stage in (
    scoring.demo,
    records.synth,
    records.read,
    records.validate,
    records.link,
    features.features,
    scoring.score,
    scoring.explain,
    history.chronology,
    scoring.doctor,
):
    app.command()(stage)
app.add_typer(records.schema, name="schema")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code instead of leaving."""
    try:
        code = app(arguments, prog_name="earlywarn", standalone_mode=False)
    except EarlywarnError as error:
        typer.echo(f"earlywarn: {error.message}", err=True)
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # the reader of a pipe went away; typer sees to it by leaving
        return _quiet()
    except Exception as error:  # noqa: BLE001 (the last door: a bug must not print what it held)
        return _unexpected(error)
    return _interrupted() if code == Exit.INTERRUPTED else int(code or 0)


def _quiet() -> int:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.OK)


def _interrupted() -> int:
    typer.echo("earlywarn: interrupted; nothing half-written is left.", err=True)
    return int(Exit.INTERRUPTED)


def _unexpected(error: Exception) -> int:
    """Tell a wrong word, which is the user's, from a bug, which is ours and is named without quoting a value."""
    show = getattr(error, "format_message", None)
    if show is not None:
        typer.echo(f"earlywarn: {show()}\nFix:      see earlywarn --help", err=True)
        return int(Exit.BAD_ARGUMENT)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else "unknown"
    typer.echo(f"earlywarn: a bug in earlywarn: {type(error).__name__} in {where}.", err=True)
    return int(Exit.BUG)
