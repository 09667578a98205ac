"""Whole files or none: under exceptions, faults of the disk, a second writer, and SIGKILL."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from earlywarn.errors import OutputError
from earlywarn.files import keep_private, refuse_existing, whole_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("a.txt", "b.txt", "deep/c.txt")
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor SIGKILL")


def fill(folder: Path, said: str = "new") -> None:
    """Write every file of a small result."""
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(said, encoding="utf-8")


def write_folder(out: Path, **options: Any) -> None:
    with whole_folder(out, **options) as draft:
        fill(draft)


def content(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in files}


def whole(said: str = "new") -> dict[str, str]:
    return dict.fromkeys(NAMES, said)


def test_a_folder_takes_its_name_with_everything_in_it(tmp_path: Path) -> None:
    out = tmp_path / "not" / "yet" / "there"
    with whole_folder(out) as draft:
        assert draft.parent == out.parent, "another file system could not rename"
        fill(draft)
        assert not out.exists()
    assert content(out) == whole()
    assert [p.name for p in out.parent.iterdir()] == ["there"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError], ids=lambda e: e.__name__)
def test_nothing_is_left_of_a_run_that_stopped(tmp_path: Path, error: type[BaseException]) -> None:
    def stop() -> None:
        with whole_folder(tmp_path / "out") as draft:
            fill(draft)
            raise error

    with pytest.raises(error):
        stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["a folder with something in it", "a file"])
def test_what_exists_is_refused_before_any_work(tmp_path: Path, what: str) -> None:
    out = tmp_path / "out"
    if what == "a file":
        out.write_text("mine", encoding="utf-8")
    else:
        out.mkdir()
        (out / "mine").touch()
    for attempt in (lambda: refuse_existing(out), lambda: write_folder(out)):
        with pytest.raises(OutputError, match="exists") as refused:
            attempt()
        assert refused.value.fix
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_folder(out)
    assert content(out) == whole()


def test_a_folder_is_replaced_only_where_that_is_allowed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("of an earlier run", encoding="utf-8")
    with pytest.raises(OutputError):
        write_folder(out, may_replace=lambda folder: (folder / "no such mark").exists())
    write_folder(out, may_replace=lambda folder: (folder / "old").exists())
    assert content(out) == whole()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["file/under", "x" * 300], ids=["under a file", "too long a name"])
@pytest.mark.parametrize("write", [write_folder, lambda out: write_whole(out, Path.touch)], ids=["folder", "file"])
def test_a_place_that_cannot_be_written_is_an_output_error(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_of_two_writers_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def race() -> None:
        with whole_folder(out) as slow:
            fill(slow, "slow")
            with whole_folder(out) as quick:
                fill(quick, "quick")

    with pytest.raises(OutputError):
        race()
    assert content(out) == whole("quick")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# --- faults ------------------------------------------------------------------------------------------------------

CALLS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "rename"),
    (os, "replace"),
    (os, "mkdir"),
    (os, "chmod"),
    (Path, "rmdir"),
    (Path, "write_text"),
)


class Faults:
    """Make the n-th call to the file system fail as a full disk does."""

    def __init__(self, patch: pytest.MonkeyPatch, nth: int) -> None:
        self.nth, self.calls, self.failed = nth, 0, ""
        for owner, name in CALLS:
            patch.setattr(owner, name, self._counted(getattr(owner, name), name))

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self.nth:
                self.failed = name
                raise OSError(errno.ENOSPC, "no space left on device")
            return call(*arguments, **options)

        return counted


def attempt_with_fault(nth: int, write: Callable[[], None]) -> tuple[Faults, BaseException | None]:
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, nth)
        try:
            write()
        except (OSError, OutputError) as error:
            return faults, error
        return faults, None


@pytest.mark.parametrize("start", ["nothing there", "an empty folder", "a folder to replace"])
def test_whichever_call_fails_the_result_is_whole_or_as_before(tmp_path: Path, start: str) -> None:
    replace = start == "a folder to replace"
    for nth in range(1, 100):
        out = tmp_path / str(nth) / "out"
        out.parent.mkdir()
        if start != "nothing there":
            out.mkdir()
        if replace:
            fill(out, "old")
        before = content(out)
        faults, error = attempt_with_fault(nth, lambda out=out: write_folder(out, may_replace=lambda _: replace))
        assert content(out) == (before if error else whole()), f"call {nth}, {faults.failed}"
        assert [p for p in out.parent.iterdir() if p != out] == [], f"call {nth}, {faults.failed}"
        if faults.calls < nth:
            return
    pytest.fail("the loop never ran out of calls")


def write_text(draft: Path) -> None:
    draft.write_text("whole", encoding="utf-8")


def test_whichever_call_fails_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    for nth in range(1, 100):
        path = tmp_path / str(nth) / "f.json"
        faults, error = attempt_with_fault(nth, lambda path=path: write_whole(path, write_text))
        assert content(path.parent) == ({} if error else {"f.json": "whole"}), f"call {nth}, {faults.failed}"
        if faults.calls < nth:
            return
    pytest.fail("the loop never ran out of calls")


@pytest.mark.parametrize("write", [write_folder, lambda out: write_whole(out, lambda p: None)], ids=["folder", "file"])
@pytest.mark.parametrize("call", ["fsync", "rename", "replace"])
def test_a_disk_that_fails_while_a_result_is_put_in_place_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], call: str
) -> None:
    out, failed = tmp_path / "out", []

    def fail(*_: Any, **__: Any) -> None:
        failed.append(call)
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, call, fail)
    try:
        write(out)
    except OutputError as error:
        assert error.fix  # noqa: PT017 (a call that this way of writing never makes does not fail)
        assert not out.exists()
    else:
        assert not failed


# --- one file ----------------------------------------------------------------------------------------------------


def test_a_file_takes_its_name_once_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "f.json"
    write_whole(path, lambda draft: draft.write_text(str(path.exists())) and None)
    assert content(tmp_path) == {"new/f.json": "False"}


def test_an_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists"):
        write_whole(path, Path.touch)
    assert content(tmp_path) == {"f.json": "mine"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt], ids=lambda e: e.__name__)
def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path, error: type[BaseException]) -> None:
    def stop(draft: Path) -> None:
        draft.write_text("half", encoding="utf-8")
        raise error

    with pytest.raises(error):
        write_whole(tmp_path / "f.json", stop)
    assert list(tmp_path.iterdir()) == []


# --- modes and kills ---------------------------------------------------------------------------------------------


@posix
def test_what_is_private_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    path.touch(mode=0o644)
    keep_private(path)
    assert path.stat().st_mode & 0o777 == 0o600
    keep_private(tmp_path / "not there")


@posix
def test_a_folder_is_no_more_open_than_its_owner_lets_new_folders_be(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_folder(tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


KEEPS_WRITING = """
import itertools, pathlib, sys
from earlywarn.files import whole_folder
place = pathlib.Path(sys.argv[1])
for number in itertools.count():
    with whole_folder(place / str(number % 7), may_replace=lambda _: True) as draft:
        for name in "abcdef":
            (draft / name).write_text(name * 20_000)
            print(number, flush=True)
"""


@posix
def test_a_killed_run_leaves_no_folder_that_is_not_whole(tmp_path: Path) -> None:
    chance = random.Random(2026)  # noqa: S311 (moments to kill at, no secret)
    for kill in range(6):
        place = tmp_path / str(kill)
        place.mkdir()
        with subprocess.Popen([sys.executable, "-c", KEEPS_WRITING, place], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randrange(1, 80)):
                writer.stdout.readline()
            writer.kill()
        published = [p for p in place.iterdir() if not p.name.startswith(".")]
        assert all(content(p) == {name: name * 20_000 for name in "abcdef"} for p in published)
        write_folder(place / "afterwards")
