#!/usr/bin/env python3
"""The project's commands: ``python dev.py`` lists them.

Works on Linux, macOS and Windows with nothing but the project's own virtual environment.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent
PYTHON = sys.executable
COMMANDS: dict[str, Callable[[], None]] = {}


def command(function: Callable[[], None]) -> Callable[[], None]:
    """Register a function under its own name."""
    COMMANDS[function.__name__] = function
    return function


def run(*words: str) -> None:
    """Run a tool of this environment; stop at the first that fails."""
    print("+", " ".join(words), flush=True)
    code = subprocess.run([PYTHON, "-m", *words], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


@command
def check() -> None:
    """Run lint, format, types and import contracts: what the hooks and CI run."""
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("mypy")
    contracts()


@command
def contracts() -> None:
    """Check the import contracts alone."""
    print("+ lint-imports", flush=True)
    code = subprocess.run(
        [PYTHON, "-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"],
        cwd=ROOT,
        check=False,
    ).returncode
    if code:
        sys.exit(code)


@command
def fix() -> None:
    """Mend what lint and format can mend by themselves."""
    run("ruff", "check", "--fix", ".")
    run("ruff", "format", ".")


@command
def test() -> None:
    """Run the tests for everyone: at most 6 minutes on 2 cores."""
    run("pytest", "-q")


@command
def full() -> None:
    """Run all checks and all tests, the slow and the large ones too: before an issue is called resolved."""
    check()
    run("pytest", "-q", "-m", "")


@command
def lock() -> None:
    """Write requirements.lock anew: names, versions and hashes, no hosts."""
    words = "compile pyproject.toml --universal --python-version 3.11 --extra test --generate-hashes --no-annotate"
    options = "--no-header --no-emit-index-url --no-emit-find-links --upgrade -q -o requirements.lock"
    run("uv", "pip", *words.split(), *options.split())


@command
def docs() -> None:
    """Write the generated pages: docs/records.md, features-by-source.md, features.md, and the golden sentences."""
    run("tests.worked_example")
    run("tests.features_by_source")
    run("tests.features_page")
    run("tests.sentences")


@command
def example() -> None:
    """Make the shipped example records anew from their seed."""
    subprocess.run(
        [PYTHON, "-c", "from earlywarn.datasets.examples import write_example; write_example()"], cwd=ROOT, check=True
    )


def main() -> None:
    """Run the command named, or list them."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in COMMANDS:
        COMMANDS[name]()
        return
    print("python dev.py COMMAND\n")
    for each, function in COMMANDS.items():
        print(f"  {each:<10} {(function.__doc__ or '').splitlines()[0]}")
    sys.exit(0 if not name or name in {"-h", "--help", "help"} else 2)


if __name__ == "__main__":
    main()
