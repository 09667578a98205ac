"""A file is opened only if it is one, is read in bounded blocks, and stays the same meanwhile."""

from __future__ import annotations

import gzip
import io
import os
from typing import TYPE_CHECKING

import pytest

from earlywarn.errors import SourceError
from earlywarn.records.opening import blocks
from earlywarn.records.opening.blocks import MARK, BlockReader, raw_blocks, text_blocks
from earlywarn.records.opening.files import BLOCK, refuse_no_text, state_of, unchanged

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARY-7c1"


def rule_of(refused: pytest.ExceptionInfo[SourceError]) -> str:
    error = refused.value
    assert error.message.startswith(error.rule)
    assert error.expected
    assert error.fix
    assert CANARY not in error.message
    return error.rule


def whole(path: Path, **options: bool) -> bytes:
    return b"".join(text_blocks(path, **options))


@pytest.mark.parametrize(
    ("name", "said"),
    [("folder", "folder"), ("nowhere", "no file"), ("x" * 400, "no file"), ("a\0b", "no file")],
    ids=["a folder", "nothing", "a name too long", "a name with NUL"],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match=said) as refused:
        state_of(tmp_path / name)
    assert rule_of(refused) == "EW-F01"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_pipes_devices_and_broken_links_are_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for ever
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name, said in (("pipe", "a pipe"), ("device", "a device"), ("link", "a link to a file that is not there")):
        with pytest.raises(SourceError, match=said) as refused, unchanged(tmp_path / name):
            pytest.fail("it was entered")
        assert rule_of(refused) == "EW-F01"


def read_while_it_grows(path: Path, *, failing: bool) -> None:
    with unchanged(path):
        path.write_bytes(b"a\n1\n")
        if failing:
            raise SourceError("half a row", rule="EW-F04")


def test_a_file_that_grows_while_it_is_read_is_refused_whatever_else_went_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for failing in (False, True):
        path.write_bytes(b"a\n")
        with pytest.raises(SourceError) as refused:
            read_while_it_grows(path, failing=failing)
        assert rule_of(refused) == "EW-F12"
    with unchanged(path):
        path.read_bytes()


def test_a_file_of_the_same_size_put_in_its_place_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    (tmp_path / "b.csv").write_bytes(b"a\n2\n")
    with pytest.raises(SourceError) as refused, unchanged(path):
        (tmp_path / "b.csv").replace(path)
    assert rule_of(refused) == "EW-F12"


# --- gzip --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, 3 * BLOCK + 7])
def test_gzip_comes_out_whole_in_bounded_blocks_whatever_its_name(tmp_path: Path, size: int) -> None:
    content = os.urandom(size // 2) + b"a" * (size - size // 2)
    (tmp_path / "a.csv").write_bytes(gzip.compress(content[: size // 3]) + gzip.compress(content[size // 3 :]))
    found = list(raw_blocks(tmp_path / "a.csv"))
    assert b"".join(found) == content
    assert max(len(block) for block in found) <= BLOCK


def test_gzip_that_is_cut_off_or_broken_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(5000))
    broken = packed[:2000] + b"\xff" * 50 + packed[2050:]
    for content in (packed[:-1], packed[:-9], packed[: len(packed) // 2], packed[:12], broken, packed + b"more"):
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(SourceError) as refused:
            list(raw_blocks(tmp_path / "a.gz"))
        assert rule_of(refused) == "EW-F11"


def test_gzip_made_to_fill_the_memory_is_refused_early(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * (200 << 20)))
    taken: list[int] = []
    with pytest.raises(SourceError) as refused:
        taken.extend(len(block) for block in raw_blocks(tmp_path / "bomb.gz"))
    assert rule_of(refused) == "EW-F11"
    assert sum(taken) <= blocks.RATIO_FROM + BLOCK


def test_gzip_has_a_largest_size_even_where_it_packs_badly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_UNPACKED", 5000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(os.urandom(5001)))
    with pytest.raises(SourceError) as refused:
        list(raw_blocks(tmp_path / "a.gz"))
    assert rule_of(refused) == "EW-F11"


# --- text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_comes_out_as_utf_8_without_its_mark(tmp_path: Path, encoding: str) -> None:
    text = "é𝄞,ü\r\n" * 90_000  # blocks end within a character
    bare = encoding in {"utf-16-le", "utf-16-be"}
    (tmp_path / "a.csv").write_bytes((("\ufeff" if bare else "") + text).encode(encoding))
    assert whole(tmp_path / "a.csv").decode() == text
    assert whole(tmp_path / "a.csv", marked=True).decode() == text


def test_half_a_character_of_utf_16_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("é,ü".encode("utf-16")[:-1])
    with pytest.raises(SourceError) as refused:
        whole(tmp_path / "a.csv")
    assert rule_of(refused) == "EW-F03"


def test_marked_text_keeps_every_byte_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\0,caf\xe9\nb,\xc3\xa9\xff\n")
    marked = whole(tmp_path / "a.csv", marked=True).decode()
    assert marked == f"a{MARK}00,caf{MARK}e9\nb,é{MARK}ff\n"


def test_other_documents_say_of_themselves_what_they_are(tmp_path: Path) -> None:
    for start, said in ((b"PK\x03\x04", "workbook"), (b"PAR1", "Parquet"), (b"%PDF-1.7", "PDF")):
        (tmp_path / "a.csv").write_bytes(start + CANARY.encode())
        with pytest.raises(SourceError, match=said) as refused:
            refuse_no_text(tmp_path / "a.csv")
        assert rule_of(refused) == "EW-F21"


@pytest.mark.parametrize("skip", [0, 1, 3, 4, 9, 10, 11])
def test_blocks_read_like_a_file(skip: int) -> None:
    parts = [b"abc", b"d", b"", b"efghij"]
    assert io.BufferedReader(BlockReader(iter(parts), skip), 4).read() == b"".join(parts)[skip:]
    assert io.BufferedReader(BlockReader(iter(parts), skip), 4).read(2) == b"".join(parts)[skip : skip + 2]
