"""The house itself: what importing costs, which way imports go, whose names are public, what the docs say."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import earlywarn

ROOT = Path(__file__).parents[2]
HEAVY = {"pandas", "polars", "sklearn", "shap", "matplotlib", "numpy", "pyarrow", "networkx", "jinja2", "lxml", "scipy"}
MODULES = sorted(m.name for m in pkgutil.walk_packages(earlywarn.__path__, "earlywarn."))


def test_importing_the_package_loads_nothing_heavy():
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import earlywarn"], capture_output=True, text=True, check=True
    ).stderr
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in said.splitlines() if "|" in line}
    assert "earlywarn" in loaded
    assert not loaded & HEAVY


def test_help_loads_nothing_heavy():
    code = "import sys\nfrom earlywarn.cli import run\nrun(['--help'])\nprint(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "explain" in done.stdout
    assert not {name.strip("' ") for name in done.stderr.strip("[]\n").split(",")} & HEAVY


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_CHILDREN"), reason="this system does not count a child's CPU time")
def test_every_command_has_help():
    for name in ("demo", "synth", "read", "validate", "features", "score", "explain", "doctor"):
        done = subprocess.run(
            [sys.executable, "-m", "earlywarn.cli", name, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, name
        assert "Traceback" not in done.stderr


def test_imports_go_one_way():
    from importlinter.cli import lint_imports

    here = Path.cwd()
    assert here == ROOT or (ROOT / "pyproject.toml").exists()
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_public_names_are_there_and_documented():
    assert sorted(earlywarn.__all__) == earlywarn.__all__
    assert set(earlywarn.__all__) <= set(dir(earlywarn))
    for name in earlywarn.__all__:
        assert getattr(earlywarn, name).__doc__
    with pytest.raises(AttributeError):
        _ = earlywarn.no_such_name


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing of itself"
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


def test_the_clock_is_read_in_one_place():
    clocks = re.compile(r"\.now\(|\.today\(|utcnow|time\.time\(|perf_counter")
    found = [p for p in (ROOT / "src").rglob("*.py") if clocks.search(p.read_text(encoding="utf-8"))]
    assert [p.name for p in found] == ["clock.py"]


def orderings(path: Path) -> list[str]:
    """Comparisons by order in a file that name the as-of day."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    compares = [n for n in nodes if isinstance(n, ast.Compare)]
    by_order = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    found = [ast.unparse(n) for n in compares if any(isinstance(op, by_order) for op in n.ops)]
    return [f"{path.name}: {text}" for text in found if "as_of" in text]


def test_no_day_is_compared_with_as_of_outside_history():
    package = ROOT / "src" / "earlywarn"
    files = [p for p in package.rglob("*.py") if "history" not in p.relative_to(package).parts]
    assert [line for p in files for line in orderings(p)] == []
    assert orderings(package / "history" / "lookback.py"), "the check finds the one place where it is allowed"


def test_the_lock_names_versions_and_hashes_and_no_hosts():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = with_extras(project)
    names = {re.split(r"[>=;\[ ]", w)[0].lower() for w in wanted}
    assert names <= {p.lower() for p in pinned}
    assert "--hash=sha256:" in lock
    assert "://" not in lock


def test_every_dependency_has_a_lower_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted in with_extras(project):
        assert ">=" in wanted


def with_extras(project):
    """What the tests need, with the extras they need written out."""
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *extras["link"], *(w for w in extras["test"] if not w.startswith("earlywarn["))]


def test_the_readme_gives_exactly_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'python3 -m venv .venv && .venv/bin/pip install -q -e ".[test]" && .venv/bin/earlywarn demo' in readme
    assert ".venv/bin/python -m pytest -q" in readme
    assert "py -m venv .venv" in readme
