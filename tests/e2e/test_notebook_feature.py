"""An analyst in a notebook: a feature of one's own and a Pipeline, by the lines that the documentation gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
LINES, PIPELINE = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "features.md").read_text(encoding="utf-8"), re.DOTALL
)

ASKED = """
import json

values = table.to_pandas().set_index("child_id")["incidents_365d"]
child = values.idxmax()
ids = table.evidence(child, "incidents_365d")
kinds = records["contacts"].set_index("record_id").loc[ids, "kind"]
told = {"columns": table.names, "core": [f.name for f in CORE], "value": values[child], "kinds": kinds.tolist()}
print(json.dumps(told | {"said": table.feature("incidents_365d").sentence.say(values[child])}))
"""
BROKEN = """
from dataclasses import replace

ew.build_features(records, "2026-11-01", features=[*CORE, replace(mine, where=pl.col("no_such_column") == 1)])
"""


def executed(*cells: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def test_a_feature_is_three_lines() -> None:
    made = LINES[LINES.index("said = ") : LINES.index("\n\ntable")]
    assert len(made.splitlines()) == 3
    assert max(map(len, LINES.splitlines())) <= 120


@pytest.mark.filterwarnings("ignore")  # the kernel's own machinery warns
def test_it_is_counted_beside_the_core_and_names_its_records_and_a_pipeline_starts_from_records() -> None:
    notebook = executed(
        LINES, ASKED, PIPELINE, "print(filled.shape[1], *filled.index.names, filled.isna().any().any())"
    )
    (printed,), (shape,) = notebook.cells[1].outputs, notebook.cells[3].outputs
    assert shape.text == "12 child_id as_of viewer False\n"
    told = json.loads(printed.text)
    assert told["columns"] == [*told["core"], "incidents_365d"]
    assert set(told["kinds"]) == {"incident"}
    assert told["value"] == len(told["kinds"]) >= 2
    assert told["said"] == f"{len(told['kinds'])} incidents."


@pytest.mark.filterwarnings("ignore")
def test_an_error_in_its_expression_names_it_and_says_what_to_do() -> None:
    with pytest.raises(CellExecutionError) as failed:
        executed(LINES, BROKEN)
    said = str(failed.value)
    assert 'The feature "incidents_365d" cannot be counted: ColumnNotFoundError.' in said
    assert 'the columns of the frame "records"' in " ".join(said.split())
