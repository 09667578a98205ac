"""The paper a picture is drawn on: a sheet measured in points, with the origin at the top left.

Matplotlib is used without pyplot and without a window: a figure and the SVG canvas. Letters are drawn as outlines of
the font that Matplotlib brings along, so that no text is cut and no machine's fonts change a byte. The paper remembers
what was put where, as values, so that a test can tell whether two things meet.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextPath, TextToPath
from matplotlib.transforms import Affine2D

from earlywarn.plots._picture import Picture, picture_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.artist import Artist

INK, DARK, GREY, PALE, BLUE, ORANGE = "#1a1a1a", "#5a5a5a", "#6b6b6b", "#b8b8b8", "#0072b2", "#d55e00"
"""Black, three greys, and two colours of Okabe and Ito. Shape carries every meaning; colour only helps."""

BODY, SMALL = 8.0, 7.0
LINE_HEIGHT = 1.22
_ABOVE, _BELOW = 0.40, 0.56
"""How far letters reach above and below the middle of their line, as shares of their size."""

_SETTINGS: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "earlywarn",
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "hatch.linewidth": 0.4,
}

_NOT_OF_DRAWING = ("animation", "backend", "interactive", "keymap", "timezone", "tk", "toolbar", "webagg")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw as Matplotlib comes, whatever the settings of the program around us are, and leave those as they were."""
    plain = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(_NOT_OF_DRAWING)}
    with mpl.rc_context(plain | _SETTINGS):
        yield


Point = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """One thing on the paper: its kind (``text, mark, line, box``), what it is, the corners of its box, its path.

    ``count`` is how many a mark stands for. ``bare`` is false for a text with something opaque of its own behind it.
    """

    kind: str
    what: str
    box: tuple[float, float, float, float]
    part: str
    path: tuple[Point, ...] = ()
    count: int = 1
    bare: bool = True


@cache
def _font(size: float, *, bold: bool = False) -> FontProperties:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size=size)


@cache
def width_of(text: str, size: float = BODY, *, bold: bool = False) -> float:
    """Width of a line of text in points."""
    width, _, _ = TextToPath().get_text_width_height_descent(text, _font(size, bold=bold), ismath=False)
    return float(width)


def wrapped(text: str, width: float, size: float = BODY) -> list[str]:
    """Break a text into lines no wider than ``width`` points; a longer word keeps a line to itself."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


class Paper:
    """A blank sheet, in points, x to the right and y down.

    There are no axes: at 72 dots an inch a point is a dot, and artists stand on the figure itself. ``things`` is what
    was drawn, in order; ``part`` names the part of the picture that is being drawn.
    """

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        self.upright = Affine2D().scale(1, -1).translate(0, height)
        self.width, self.height = width, height
        self.things: list[Thing] = []
        self.part = ""
        self._numbers: dict[tuple[str, bool, str], list[Point]] = {}

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self.upright)
        self.figure.add_artist(artist)

    def _note(self, kind: str, what: str, path: Sequence[Point], *, around: float = 0.0, **more: Any) -> None:
        xs, ys = [x for x, _ in path], [y for _, y in path]
        box = (min(xs) - around, min(ys) - around, max(xs) + around, max(ys) + around)
        self.things.append(Thing(kind, what, box, self.part, tuple(path), **more))

    def text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write one line whose middle is at height ``y``; ``size, bold, color, ha, halo``, and ``bare`` of `Thing`."""
        size, bold = look.pop("size", BODY), look.pop("bold", False)
        halo, bare = look.pop("halo", False), look.pop("bare", True)
        behind = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"} if halo else None
        look = {"color": INK, "ha": "left", "va": "baseline", "zorder": 6, **look}
        self._add(
            Text(x, y + size * 0.36, text, fontproperties=_font(size, bold=bold), parse_math=False, bbox=behind, **look)
        )
        left = x - width_of(text, size, bold=bold) * {"left": 0, "center": 0.5, "right": 1}[look["ha"]]
        corners = [(left, y - size * _ABOVE), (left + width_of(text, size, bold=bold), y + size * _BELOW)]
        self._note("text", text, corners, bare=bare and not halo)

    def number(self, x: float, y: float, text: str, *, bold: bool, color: str) -> None:
        """Write a number about a point. There are hundreds, so equal ones become one thing that is drawn once."""
        width = width_of(text, SMALL, bold=bold)
        places = self._numbers.setdefault((text, bold, color), [])
        places.append((x - width / 2, y + SMALL * 0.36))
        corners = [(x - width / 2, y - SMALL * _ABOVE), (x + width / 2, y + SMALL * _BELOW)]
        self._note("text", text, corners, bare=False)

    def _draw_numbers(self) -> None:
        for (text, bold, color), places in self._numbers.items():
            drawn = PathCollection(
                [TextPath((0, 0), text, prop=_font(SMALL, bold=bold))],
                offsets=places,
                offset_transform=self.upright,
                facecolor=color,
                edgecolor="none",
                zorder=7,
            )
            drawn.set_transform(Affine2D())
            self.figure.add_artist(drawn)

    def lines(self, x: float, y: float, lines: Sequence[str], **look: Any) -> None:
        """Write several lines, the middle of the block at height ``y``."""
        step = look.get("size", BODY) * LINE_HEIGHT
        for i, line in enumerate(lines):
            self.text(x, y + (i - (len(lines) - 1) / 2) * step, line, **look)

    def line(self, xs: Sequence[float], ys: Sequence[float], what: str = "", **look: Any) -> None:
        """Draw a line through points."""
        look = {"color": GREY, "linewidth": 0.6, "zorder": 2, "solid_capstyle": "butt", **look}
        self._add(Line2D(xs, ys, **look))
        self._note("line", what, list(zip(xs, ys, strict=True)))

    def marks(self, points: Sequence[Point], shape: str, size: float, what: str = "", **look: Any) -> None:
        """Draw one mark at each point. A diamond is wider than its size: it stands on a corner of a square."""
        if not points:
            return
        look = {"markerfacecolor": INK, "markeredgecolor": INK, "markeredgewidth": 0.6, "zorder": 5, **look}
        xs, ys = zip(*points, strict=True)
        self._add(Line2D(xs, ys, linestyle="none", marker=shape, markersize=size, **look))
        half = (size * (2**0.5 if shape == "D" else 1) + look["markeredgewidth"]) / 2
        for point in points:
            self._note("mark", what, [point], around=half)

    def box(self, x: float, y: float, width: float, height: float, what: str = "", **look: Any) -> None:
        """Draw a rectangle from its top left."""
        look = {"facecolor": "#e4e4e4", "edgecolor": GREY, "linewidth": 0.6, "zorder": 3, **look}
        self._add(Rectangle((x, y), width, height, **look))
        self._note("box", what, [(x, y), (x + width, y + height)])

    def disc(self, x: float, y: float, radius: float, what: str = "", **look: Any) -> None:
        """Draw a circle."""
        self._add(Circle((x, y), radius, **look))
        self._note("box", what, [(x, y)], around=radius)

    def shape(self, corners: Sequence[Point], what: str = "", *, count: int = 1, **look: Any) -> None:
        """Draw a closed shape; a ``what`` makes it a mark."""
        look = {"edgecolor": "none", "linewidth": 0.6, "zorder": 5, **look}
        self._add(Polygon(corners, closed=True, **look))
        self._note("mark" if what else "line", what, corners, count=count)

    def finish(self, alt: str, name: str) -> Picture:
        """Make a picture of what is on the paper. ``name`` keeps equal drawings of two children apart."""
        self._draw_numbers()
        out = io.StringIO()
        canvas: Any = FigureCanvasSVG(self.figure)
        canvas.print_svg(out, metadata={"Date": None})
        return picture_of(out.getvalue(), alt, name)
