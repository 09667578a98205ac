"""Parquet that is whole, plain and of one mind is read; anything else is refused with its parts and types."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earlywarn.errors import SourceError
from earlywarn.records.loading import load_folder
from earlywarn.records.opening.parquet import join_parts, read_parquet
from earlywarn.records.reading import read_records
from tests.unit.records.test_reading import contact

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARY-7c1"


def refused(read: Any, *words: str) -> str:
    with pytest.raises(SourceError) as error:
        read()
    assert error.value.expected
    assert error.value.fix
    assert CANARY not in error.value.message
    for word in words:
        assert word in error.value.message
    return error.value.rule


def test_what_is_no_whole_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [CANARY] * 100}).write_parquet(path)
    whole = path.read_bytes()
    for content in (b"", b"P", f"id\n{CANARY}\n".encode(), whole[:-1], whole[: len(whole) // 2], b"PAR1", b"PAR1" * 50):
        path.write_bytes(content)
        assert refused(lambda: read_parquet(path), "Parquet") == "EW-F13"


def test_parquet_damaged_anywhere_is_refused_or_read_and_never_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [f"{CANARY}{n}" for n in range(50)], "n": range(50)}).write_parquet(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 23):
        path.write_bytes(whole[:at] + bytes(b ^ 0x55 for b in whole[at : at + 3]) + whole[at + 3 :])
        try:
            read_parquet(path)
        except SourceError as error:
            assert error.rule in {"EW-F13", "EW-F15"}  # noqa: PT017 (either ending is right)


def test_types_that_only_another_program_can_unpack_are_refused(tmp_path: Path) -> None:
    class Secret(pa.ExtensionType):
        def __init__(self) -> None:
            super().__init__(pa.string(), "elsewhere.secret")

        def __arrow_ext_serialize__(self) -> bytes:
            return b"cos\nsystem\n"

        @classmethod
        def __arrow_ext_deserialize__(cls, *_: Any) -> Any:
            pytest.fail("it was unpacked")

    cells = pa.ExtensionArray.from_storage(Secret(), pa.array([CANARY]))
    pq.write_table(pa.table({"id": cells}), tmp_path / "a.parquet")
    assert refused(lambda: read_parquet(tmp_path / "a.parquet"), "extension") == "EW-F15"


def test_more_columns_than_any_extract_has_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({f"c{n}": [1] for n in range(2001)}).write_parquet(tmp_path / "a.parquet")
    assert refused(lambda: read_parquet(tmp_path / "a.parquet"), "2,001 columns") == "EW-F10"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "contacts.parquet")
    assert refused(lambda: load_folder(tmp_path), "a pipe") == "EW-F01"


def test_parts_that_differ_are_named_with_their_types(tmp_path: Path) -> None:
    text, number, blank = pl.DataFrame({"id": ["1"]}), pl.DataFrame({"id": [1]}), pl.DataFrame({"id": [None]})
    more = pl.DataFrame({"id": ["1"], "worker": ["w"]})
    parts = {"0.parquet": blank, "1.parquet": text, "2.parquet": number}
    said = '"id" is String in "1.parquet" and Int64 in "2.parquet"'
    assert refused(lambda: join_parts(parts, "w"), said) == "EW-F14"
    parts = {"1.parquet": text, "2.parquet": more}
    said = '"2.parquet" has the column "worker", "1.parquet" does not'
    assert refused(lambda: join_parts(parts, "w"), said) == "EW-F14"
    said = '"2.parquet" has the column "worker", "1.parquet" does not'
    assert refused(lambda: join_parts(dict(reversed(parts.items())), "w"), said) == "EW-F14"


def test_parts_agree_whatever_the_order_of_columns_and_with_blanks(tmp_path: Path) -> None:
    parts = {
        "0": pl.DataFrame({"a": [None], "b": ["x"]}),
        "1": pl.DataFrame({"b": ["y"], "a": ["1"]}),
        "2": pl.DataFrame({"a": [None], "b": [None]}),
    }
    assert join_parts(parts, "w").select("a", "b").rows() == [(None, "x"), ("1", "y"), (None, None)]
    assert join_parts({"2": parts["2"]}, "w").height == 1


def test_a_part_of_a_contract_folder_is_named_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "contacts.parquet").mkdir()
    pl.DataFrame([contact()]).write_parquet(tmp_path / "contacts.parquet" / "a.parquet")
    pl.DataFrame([contact() | {"source_row": 2}]).write_parquet(tmp_path / "contacts.parquet" / "b.parquet")
    said = ("contacts.parquet/a.parquet", "contacts.parquet/b.parquet")
    assert refused(lambda: read_records(tmp_path), *said) == "EW-F14"
