"""Who looks: one organisation, several together, a sector, or all of them pooled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from earlywarn.errors import ArgumentError, nearest
from earlywarn.records.codes import AGENCIES, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Collection

POOLED = "pooled"
"""The viewer who knows what any organisation knows."""

TOGETHER = "+"
SECTOR = "sector:"
SECTORS: tuple[str, ...] = tuple(dict.fromkeys(AGENCIES[code].sector for code in ORGANISATIONS))


def check_viewer(viewer: str | Collection[str]) -> str:
    """Return a viewer's one name.

    Parameters
    ----------
    viewer : str or collection of str
        ``pooled``; an organisation; several organisations, as a collection or joined by ``+``, who know what any of
        them knows; or ``sector:health``, every organisation of a sector.

    Returns
    -------
    str
        Organisations in the order of the code list, each once: ``hospital+police`` for either order of the two.

    Raises
    ------
    ArgumentError
        No viewer, with the nearest name.

    Examples
    --------
    >>> check_viewer({"police", "hospital"}) == check_viewer("police+hospital")
    True
    >>> check_viewer(["police"]), check_viewer("sector:health")
    ('police', 'sector:health')

    """
    names = viewer.split(TOGETHER) if isinstance(viewer, str) else list(viewer) if _several(viewer) else [str(viewer)]
    if names in ([POOLED], *([SECTOR + s] for s in SECTORS)):
        return names[0]
    strange = [name for name in names if name not in ORGANISATIONS]
    if strange or not names:
        raise _no_viewer(str(strange[0]) if strange else "")
    return TOGETHER.join(code for code in ORGANISATIONS if code in names)


def _several(viewer: object) -> bool:
    return isinstance(viewer, Iterable) and not isinstance(viewer, bytes)


def members(viewer: str) -> tuple[str, ...]:
    """Organisations whose knowledge a viewer has, in the order of the code list.

    Examples
    --------
    >>> members("police")
    ('police',)
    >>> "gp" in members("sector:health"), "police" in members("pooled")
    (True, True)

    """
    if viewer == POOLED:
        return ORGANISATIONS
    if viewer.startswith(SECTOR):
        return tuple(code for code in ORGANISATIONS if SECTOR + AGENCIES[code].sector == viewer)
    return tuple(viewer.split(TOGETHER))


def viewer_in_words(viewer: str) -> str:
    """Say who a viewer is, as people say it.

    Examples
    --------
    >>> viewer_in_words("police"), viewer_in_words("police+housing")
    ('the police alone', 'the police or housing')
    >>> viewer_in_words("sector:health")
    'any agency of the sector health'

    """
    if viewer == POOLED:
        return "any of these agencies"
    if viewer.startswith(SECTOR):
        return f"any agency of the sector {viewer.removeprefix(SECTOR).replace('_', ' ')}"
    names = [AGENCIES[code].said for code in members(viewer)]
    return f"{names[0]} alone" if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _no_viewer(name: str) -> ArgumentError:
    alone = [POOLED, *(SECTOR + s for s in SECTORS)]
    known = [*alone, *ORGANISATIONS]
    if name in alone:
        return ArgumentError(
            f'"{name}" cannot be joined with others.',
            expected='it alone, or several organisations joined by "+"',
            fix="ask for it alone, or name the organisations",
        )
    return ArgumentError(
        f'"{name}" is no viewer.',
        expected='"pooled"; an organisation, or several joined by "+": '
        + ", ".join(ORGANISATIONS)
        + '; or "sector:" and one of '
        + ", ".join(SECTORS),
        fix=nearest(name, known) or "use one of these",
    )
