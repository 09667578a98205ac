"""Looking at a picture by rule: what meets what, what is cut, and what was drawn how often."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from earlywarn.plots._paper import Paper, Thing

    Box = tuple[float, float, float, float]
    Point = tuple[float, float]

SLACK = 0.05


def faults(paper: Paper) -> list[str]:
    """List everything that overlaps, touches or is cut, in words."""
    texts, marks = of_kind(paper, "text"), of_kind(paper, "mark")
    found = [f"outside the picture: {t.what}" for t in paper.things if t.kind != "line" and outside(t.box, paper)]
    found += [f"two texts meet: {a.what} / {b.what}" for a, b in meeting(texts)]
    found += [f"two marks meet: {a.part} {a.what} / {b.part} {b.what}" for a, b in meeting(marks)]
    found += [f"a text on a mark: {t.what} / {m.what}" for t, m in itertools.product(texts, marks) if spoils(t, m)]
    found += [
        f"a text half in a box: {t.what}" for t, b in itertools.product(texts, of_kind(paper, "box")) if half(t, b)
    ]
    lines = of_kind(paper, "line")
    found += [
        f"a line through a text: {ln.what} / {t.what}" for t in texts if t.bare for ln in lines if crosses(ln, t.box)
    ]
    bars = [ln for ln in lines if ln.what == "strand"]
    found += [f"a bar through a mark: {b.part} / {m.what}" for m in marks for b in bars if crosses(b, m.box)]
    return found


def of_kind(paper: Paper, kind: str) -> list[Thing]:
    return [t for t in paper.things if t.kind == kind]


def drawn(paper: Paper, part: str) -> Counter[str]:
    """How many each shape stands for in one part of a picture."""
    counts: Counter[str] = Counter()
    for thing in of_kind(paper, "mark"):
        if thing.part == part:
            counts[thing.what] += thing.count
    return counts


def outside(box: Box, paper: Paper) -> bool:
    return box[0] < 0 or box[1] < 0 or box[2] > paper.width or box[3] > paper.height


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] - SLACK and b[0] < a[2] - SLACK and a[1] < b[3] - SLACK and b[1] < a[3] - SLACK


def meeting(things: Iterable[Thing]) -> Iterator[tuple[Thing, Thing]]:
    return ((a, b) for a, b in itertools.combinations(things, 2) if overlap(a.box, b.box))


def holds(outer: Box, inner: Box) -> bool:
    """Whether one box holds another; a letter may reach below its line further than a digit does."""
    return outer[0] <= inner[0] and inner[2] <= outer[2] and outer[1] - 1 <= inner[1] and inner[3] <= outer[3] + 1


def spoils(text: Thing, mark: Thing) -> bool:
    """Whether a text lies on a mark without being the number in it."""
    own = not text.bare and mark.count > 1 and text.what == str(mark.count) and holds(mark.box, text.box)
    return overlap(text.box, mark.box) and not own


def half(text: Thing, box: Thing) -> bool:
    return overlap(text.box, box.box) and not holds(box.box, text.box)


def crosses(line: Thing, box: Box) -> bool:
    """Whether a path runs through a box."""
    return any(cuts(a, b, box) for a, b in itertools.pairwise(line.path))


def cuts(a: Point, b: Point, box: Box) -> bool:
    """Whether a straight piece has a point inside a box: it is clipped to each pair of sides in turn."""
    first, last = 0.0, 1.0
    for start, end, low, high in ((a[0], b[0], box[0], box[2]), (a[1], b[1], box[1], box[3])):
        step = end - start
        if abs(step) < 1e-12:
            if not low + SLACK < start < high - SLACK:
                return False
            continue
        one, other = sorted(((low + SLACK - start) / step, (high - SLACK - start) / step))
        first, last = max(first, one), min(last, other)
    return first < last
