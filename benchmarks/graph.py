"""How fast contact graphs are measured for every child, beside one child after another; and how fast one is shown.

    python benchmarks/graph.py [--children 100000] [--sample 300] [--in-memory 1000000] [--rounds 3] [--seed 7]

Three parts, each in a process of its own on records drawn in memory, about thirty contacts a child and a few children
with hundreds:

- every child: `graph_measures` beside a networkx graph of each child in a sample, in turns. The values of the sample
  are compared first and must be equal. Both ways are timed from the records (the child's own, cut out beforehand) and
  with the view in hand (what was knowable, found before the clock starts); networkx also with its graphs in hand;
- one child: a view, a chronology and a contact graph out of many contacts in memory, warm;
- the wider graph: its view, and its ties.

CPU is processor time of all threads; memory is the most the whole process held, the drawn records among it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from math import isclose
from typing import TYPE_CHECKING, Any

import polars as pl
from drawn import AS_OF, draw_records
from read import peak

from earlywarn.history._graph_parts import fill
from earlywarn.history.chronology import chronology
from earlywarn.history.graph import ContactGraph
from earlywarn.history.lookback import look_back
from earlywarn.history.measures import MEASURES, graph_measures, measures_of
from earlywarn.history.view import View
from earlywarn.history.viewers import POOLED
from earlywarn.history.wider import wider_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from earlywarn.records.tables import Records


# --- what is timed -----------------------------------------------------------------------------------------------


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returned, the seconds of processor and the seconds on the wall."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return found, time.process_time() - cpu, time.perf_counter() - wall


def with_view(own: Records, child: str) -> dict[str, Any]:
    return ContactGraph(View(own, AS_OF), child).measures()


def graph_in_hand(view: View, child: str) -> ContactGraph:
    """Build the contact graph of a view that has its tables already."""
    graph = ContactGraph()
    graph.graph.update(child_id=child, as_of=view.day, viewer=view.seen_by)
    fill(graph, view, child)
    return graph


def every_child(children: int, sample: int, rounds: int, seed: int) -> dict[str, Any]:
    """Time all children at once, and one after another for some of them, in turns."""
    records = draw_records(children, seed)
    table = graph_measures(records, AS_OF)
    names = table["child_id"].sample(min(sample, children), seed=seed).to_list()
    own = {child: records.only([child]) for child in names}
    views = {child: View(cut, AS_OF) for child, cut in own.items()}
    graphs = {child: graph_in_hand(view, child) for child, view in views.items()}
    assert_equal(table, {child: with_view(cut, child) for child, cut in own.items()})
    look = look_back(records, [AS_OF], [POOLED])
    asked = look.spine.filter(pl.col("viewer") == POOLED)
    ways: dict[str, Callable[[], Any]] = {
        "at once": lambda: graph_measures(records, AS_OF),
        "at once, view in hand": lambda: measures_of(look, asked),
        "one by one": lambda: [with_view(own[child], child) for child in names],
        "one by one, view in hand": lambda: [graph_in_hand(views[child], child).measures() for child in names],
        "one by one, graph in hand": lambda: [graphs[child].measures() for child in names],
    }
    spent = [{way: timed(run)[1:] for way, run in ways.items()} for _ in range(rounds)]
    return {
        "children": table.height,
        "contacts": records.frames["contacts"].height,
        "sample": len(names),
        "contacts_of_sample": sum(cut.frames["contacts"].height for cut in own.values()),
        "cpu": {way: [of_round[way][0] for of_round in spent] for way in ways},
        "wall": {way: [of_round[way][1] for of_round in spent] for way in ways},
    }


def assert_equal(table: pl.DataFrame, one_by_one: dict[str, dict[str, Any]]) -> None:
    some = table.filter(pl.col("child_id").is_in(list(one_by_one)))
    for row in some.iter_rows(named=True):
        want = one_by_one[row["child_id"]]
        for name in MEASURES:
            same = row[name] == want[name] or (want[name] is not None and isclose(row[name], want[name]))
            if not same:
                raise AssertionError(f"{name} of a child differs between the two ways")


def one_child(contacts: int, seed: int) -> dict[str, Any]:
    """Time what is shown of one child out of many contacts in memory, for thirty of them, the busiest among them."""
    records = draw_records(max(contacts // 30, 1), seed)
    sizes = records.frames["contacts"].group_by("child_id").len().sort("len", "child_id", descending=True)
    names = [sizes["child_id"][0], *sizes["child_id"].sample(min(30, sizes.height), seed=seed).to_list()[1:]]
    shown: dict[str, Callable[[View, str], Any]] = {"chronology": chronology, "contact graph": ContactGraph}
    for show in shown.values():  # the first call loads and plans what all later ones use
        show(View(records, AS_OF), names[-1])
    wall: dict[str, list[float]] = {name: [] for name in shown}
    cpu: dict[str, list[float]] = {name: [] for name in shown}
    for child in names:
        for name, show in shown.items():
            _, cpu_here, wall_here = timed(lambda show=show, child=child: show(View(records, AS_OF), child))
            wall[name].append(wall_here)
            cpu[name].append(cpu_here)
    return {"contacts": records.frames["contacts"].height, "busiest": sizes["len"][0], "wall": wall, "cpu": cpu}


def wider(children: int, seed: int) -> dict[str, Any]:
    """Time the view of all children, and the ties between them and what they share."""
    view = View(draw_records(children, seed), AS_OF)
    _, looked, _ = timed(lambda: view.lookback)
    graph, cpu, wall = timed(lambda: wider_graph(view))
    _, parts, _ = timed(graph.components)
    return {"ties": graph.ties.height, "look": looked, "cpu": cpu, "wall": wall, "parts": parts, "says": repr(graph)}


# --- the report --------------------------------------------------------------------------------------------------


def in_a_process(part: str, *words: object) -> dict[str, Any]:
    called = [sys.executable, __file__, "--once", part, *map(str, words)]
    printed = subprocess.run(called, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 (this file)
    return json.loads(printed)


def show_every_child(found: dict[str, Any]) -> None:
    children, sample, cpu = found["children"], found["sample"], found["cpu"]
    print(f"\nEvery child: {children:,} children, {found['contacts']:,} contacts; the values of the sample are equal")
    mean = found["contacts_of_sample"] / sample
    print(
        f"  one by one: {sample} children with {mean:.0f} contacts each, scaled by count; milliseconds of CPU a child"
    )
    each = {
        way: [seconds * 1e3 / (children if way.startswith("at once") else sample) for seconds in spent]
        for way, spent in cpu.items()
    }
    for way, spent in each.items():
        print(f"  {way:<26}{statistics.median(spent):9.3f}  ({min(spent):.3f} to {max(spent):.3f})")
    for more in ("", ", view in hand"):
        say_ratio(f"one by one{more}", f"at once{more}", each)
    say_ratio("one by one, view in hand", "at once", each)
    whole, wall = statistics.median(cpu["at once"]), statistics.median(found["wall"]["at once"])
    print(f"  at once: {whole:.1f} s of CPU, {wall:.1f} s on the wall, at most {found['peak']:,.0f} MB")


def say_ratio(slow: str, fast: str, each: dict[str, list[float]]) -> None:
    ratios = [one / other for one, other in zip(each[slow], each[fast], strict=True)]
    spread = f"{statistics.median(ratios):.0f} times ({min(ratios):.0f} to {max(ratios):.0f})"
    print(f"  {slow}: {spread} the processor time of {fast}")


def show_one_child(found: dict[str, Any]) -> None:
    print(f"\nOne child out of {found['contacts']:,} contacts in memory, warm; the busiest has {found['busiest']:,}")
    for name, wall in found["wall"].items():
        middle, worst, cpu = statistics.median(wall) * 1e3, max(wall) * 1e3, max(found["cpu"][name]) * 1e3
        print(f"  view and {name:<14} median {middle:6.1f} ms, worst {worst:6.1f} ms on the wall ({cpu:.1f} ms of CPU)")
    print(f"  at most {found['peak']:,.0f} MB")


def show_wider(found: dict[str, Any]) -> None:
    print(f"\nThe wider graph: {found['ties']:,} ties\n  {found['says']}")
    print(
        f"  view {found['look']:.1f} s of CPU; graph {found['cpu']:.1f} s ({found['wall']:.1f} s on the wall); ", end=""
    )
    print(f"parts {found['parts']:.2f} s; at most {found['peak']:,.0f} MB")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--children", type=int, default=100_000)
    words.add_argument("--sample", type=int, default=300)
    words.add_argument("--in-memory", type=int, default=1_000_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--once", choices=["every", "one", "wider"], help=argparse.SUPPRESS)
    said = words.parse_args()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "every": lambda: every_child(said.children, said.sample, said.rounds, said.seed),
        "one": lambda: one_child(said.in_memory, said.seed),
        "wider": lambda: wider(said.children, said.seed),
    }
    if said.once:
        print(json.dumps(parts[said.once]() | {"peak": peak()}))
        return
    for part, show in (("every", show_every_child), ("one", show_one_child), ("wider", show_wider)):
        options = [f"--{name.replace('_', '-')}={value}" for name, value in vars(said).items() if name != "once"]
        show(in_a_process(part, *options))


if __name__ == "__main__":
    main()
