"""Every notebook runs from top to bottom, and shows what it promises."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def run(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> list[dict]:
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


@pytest.mark.filterwarnings("ignore")  # the kernel's own machinery warns; the notebook's code runs in its process
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_and_shows_its_tables_and_pictures(path):
    shown = outputs(run(path))
    assert not [o for o in shown if o.output_type == "error"]
    assert not [o for o in shown if o.output_type == "stream" and o.name == "stderr"], "no warning reaches the reader"
    kinds = [set(o.get("data", {})) for o in shown]
    assert sum("image/svg+xml" in k for k in kinds) >= 2
    pages = "".join(o["data"]["text/html"] for o in shown if "text/html" in o.get("data", {}))
    assert "a person reads the records and decides" in pages


def test_there_are_notebooks():
    assert [p.stem for p in NOTEBOOKS] == ["01_first_look", "02_who_knew_what"]
