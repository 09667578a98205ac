"""Which elements of several files are about the same thing, and which only say again what an older file said."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from earlywarn.records.sources._cin_elements import Census, Element


def number(censuses: Sequence[Census]) -> None:
    """Tell apart what a child has twice on one day, alike in every file, and mark what is told again.

    By what elements say and never by their place, so that the order in a file is nothing. The censuses are in the
    order of their extracts.
    """
    told: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for census in censuses:
        for group, elements in _groups(census):
            _take_places(elements, told[group])


def _groups(census: Census) -> Iterable[tuple[tuple[str, str, str], list[Element]]]:
    groups: dict[tuple[str, str, str], list[Element]] = defaultdict(list)
    for element in census.elements:
        if element.accepted:
            groups[element.child_id, element.kind, element.key].append(element)
    return groups.items()


def _take_places(elements: list[Element], told: list[str]) -> None:
    """Give each element the place of the one that said the same, else of one that nobody says again, else a new one.

    ``told`` is what stood at each place last.
    """
    free = list(range(len(told)))
    others = []
    for element in sorted(elements, key=lambda e: (e.own, e.content)):
        same = next((place for place in free if told[place] == element.own), None)
        element.again = same is not None
        if same is None:
            others.append(element)
        else:
            element.ordinal = same
            free.remove(same)
    for element in others:
        element.ordinal = free.pop(0) if free else len(told)
        told[element.ordinal : element.ordinal + 1] = [element.own]
