"""`Picture`, and the paper it is drawn on: a sheet measured in points, with the origin at the top left.

Matplotlib is used without pyplot and without a window: a figure, one set of axes over all of it, and the SVG canvas.
Letters are drawn as outlines of the font that Matplotlib brings along, so that no text is cut and no machine's fonts
change a byte.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D

from earlywarn.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.artist import Artist

INK, GREY, PALE, BLUE = "#1a1a1a", "#6b6b6b", "#b8b8b8", "#0072b2"
"""Black, two greys, and the blue of Okabe and Ito. Shape carries every meaning; colour only helps."""

BODY, SMALL = 8.0, 7.0
LINE_HEIGHT = 1.22

_SETTINGS: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "earlywarn",
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "hatch.linewidth": 0.4,
}


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing, and the same in one sentence for those who do not see it.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element, ready to stand in a page. Its ids begin with a digest of its content, so that several
        pictures can stand in one page.
    alt : str
        What it shows, in one line.

    """

    svg: str
    alt: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.alt

    def save(self, path: str | Path) -> None:
        """Write the picture as an SVG file.

        Raises
        ------
        OutputError
            The file exists, or cannot be written.

        """
        text = f'<?xml version="1.0" encoding="utf-8"?>\n{self.svg}\n'

        def write(draft: Path) -> None:
            draft.write_bytes(text.encode())

        write_whole(Path(path), write)


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

    There are no axes: at 72 dots an inch a point is a dot, and artists stand on the figure itself.
    """

    def __init__(self, width: float, height: float) -> None:
        with mpl.rc_context(_SETTINGS):
            self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        self.upright = Affine2D().scale(1, -1).translate(0, height)

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self.upright)
        self.figure.add_artist(artist)

    def text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write one line whose middle is at height ``y``; ``size, bold, color, ha, halo``."""
        size, bold = look.pop("size", BODY), look.pop("bold", False)
        halo = (
            {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"} if look.pop("halo", 0) else None
        )
        drawn = Text(
            x, y + size * 0.36, text, fontproperties=_font(size, bold=bold), parse_math=False, bbox=halo,
            **{"color": INK, "ha": "left", "va": "baseline", "zorder": 6, **look},
        )  # fmt: skip
        self._add(drawn)

    def lines(self, x: float, y: float, lines: Sequence[str], **look: Any) -> None:
        """Write several lines, the middle of the block at height ``y``."""
        step = look.get("size", BODY) * LINE_HEIGHT
        for i, line in enumerate(lines):
            self.text(x, y + (i - (len(lines) - 1) / 2) * step, line, **look)

    def line(self, xs: Sequence[float], ys: Sequence[float], **look: Any) -> None:
        """Draw a line through points."""
        look = {"color": GREY, "linewidth": 0.6, "zorder": 2, "solid_capstyle": "butt", **look}
        self._add(Line2D(xs, ys, **look))

    def marks(self, xs: Sequence[float], ys: Sequence[float], shape: str, size: float, **look: Any) -> None:
        """Draw one mark at each point."""
        look = {"markerfacecolor": INK, "markeredgecolor": INK, "markeredgewidth": 0.6, "zorder": 5, **look}
        self._add(Line2D(xs, ys, linestyle="none", marker=shape, markersize=size, **look))

    def box(self, x: float, y: float, width: float, height: float, **look: Any) -> None:
        """Draw a rectangle from its top left."""
        look = {"facecolor": "#e4e4e4", "edgecolor": GREY, "linewidth": 0.6, "zorder": 3, **look}
        self._add(Rectangle((x, y), width, height, **look))

    def disc(self, x: float, y: float, radius: float, **look: Any) -> None:
        """Draw a circle."""
        self._add(Circle((x, y), radius, **look))

    def head(self, corners: Sequence[tuple[float, float]], **look: Any) -> None:
        """Draw a filled shape."""
        self._add(Polygon(corners, closed=True, **look))

    def finish(self, alt: str, name: str) -> Picture:
        """Make a picture of what is on the paper. ``name`` keeps equal drawings of two children apart."""
        out = io.StringIO()
        with mpl.rc_context(_SETTINGS):
            canvas: Any = FigureCanvasSVG(self.figure)
            canvas.print_svg(out, metadata={"Date": None})
        return Picture(_for_a_page(out.getvalue(), alt, name), " ".join(alt.split()))


_REFERENCE = r"(href=\"#|url\(#)([^\")]+)"


def _for_a_page(svg: str, alt: str, name: str) -> str:
    """Leave the ``svg`` element alone: no prolog, no metadata, no style sheet that would reach the page around it."""
    body = svg[svg.index("<svg") :].strip()
    for gone in (r"<!--.*?-->", r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<defs>\s*</defs>"):
        body = re.sub(gone, "", body, flags=re.DOTALL)
    body = re.sub(r"\s+(xmlns:xlink|version)=\"[^\"]*\"", "", body).replace("xlink:href", "href")
    body = re.sub(r"(\d\.\d{3})\d+", r"\1", body)
    body = re.sub(r">\s+<", ">\n<", body)
    prefix = "p" + hashlib.sha256(f"{name}\n{alt}\n{body}".encode()).hexdigest()[:10]
    used = dict.fromkeys(name for _, name in re.findall(_REFERENCE, body))
    short = {name: f"{prefix}-{i}" for i, name in enumerate(used)}
    body = re.sub(_REFERENCE, lambda m: m[1] + short[m[2]], body)
    body = re.sub(r"\s+id=\"([^\"]*)\"", lambda m: f' id="{short[m[1]]}"' if m[1] in short else "", body)
    opening = f'<svg role="img" aria-label="{escape(" ".join(alt.split()))}" style="stroke-linejoin:round"'
    return body.replace("<svg", opening, 1)


def legend(paper: Paper, items: Sequence[tuple[str, str]], left: float, top: float, right: float) -> None:
    """Write what the signs mean: each item is the name of a sign and its meaning."""
    for x, y, (sign, meaning) in _flow(items, left, top, right):
        _SIGNS[sign](paper, x, y)
        paper.text(x + _SIGN_WIDTH, y, meaning, size=SMALL, color=GREY)


def legend_height(items: Sequence[tuple[str, str]], left: float, right: float) -> float:
    """Height a legend will take, in points."""
    rows = {y for _, y, _ in _flow(items, left, 0, right)}
    return len(rows) * _LEGEND_ROW


_SIGN_WIDTH, _LEGEND_ROW, _LEGEND_GAP = 19.0, 11.0, 12.0


def _flow(
    items: Sequence[tuple[str, str]], left: float, top: float, right: float
) -> list[tuple[float, float, tuple[str, str]]]:
    placed, x, y = [], left, top
    for item in items:
        width = _SIGN_WIDTH + width_of(item[1], SMALL)
        if x > left and x + width > right:
            x, y = left, y + _LEGEND_ROW
        placed.append((x, y, item))
        x += width + _LEGEND_GAP
    return placed


def own_mark(paper: Paper, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draw the mark for an agency's own record."""
    paper.marks(xs, ys, "o", 3.6, markerfacecolor="#8a8a8a", markeredgecolor="#5a5a5a")


def concern_mark(paper: Paper, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draw the mark for an agency's own record that raises a concern."""
    paper.marks(xs, ys, "D", 4.0)


def told_mark(paper: Paper, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draw the mark for a record an agency was told of."""
    paper.marks(xs, ys, "^", 4.4, markerfacecolor=BLUE, markeredgecolor=BLUE)


def planned_mark(paper: Paper, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draw the mark for something planned that had not happened yet."""
    paper.marks(xs, ys, "o", 3.8, markerfacecolor="white", markeredgecolor=INK)


def _thick(paper: Paper, x: float, y: float) -> None:
    paper.head(
        [(x, y - 0.4), (x + 14, y - 2.2), (x + 14, y + 2.2), (x, y + 0.4)], facecolor="#8a8a8a", edgecolor="none"
    )


def _arrow(paper: Paper, x: float, y: float) -> None:
    paper.line([x, x + 10], [y, y], color=BLUE, linewidth=0.9, linestyle=(0, (2.5, 1.8)))
    paper.head([(x + 14, y), (x + 9.4, y - 2.2), (x + 9.4, y + 2.2)], facecolor=BLUE, edgecolor="none")


_SIGNS: Mapping[str, Callable[[Paper, float, float], None]] = {
    "own": lambda p, x, y: own_mark(p, [x + 10], [y]),
    "concern": lambda p, x, y: concern_mark(p, [x + 10], [y]),
    "told": lambda p, x, y: told_mark(p, [x + 10], [y]),
    "planned": lambda p, x, y: planned_mark(p, [x + 10], [y]),
    "several": lambda p, x, y: p.text(x + 7, y, "9", size=SMALL, bold=True),
    "plan": lambda p, x, y: p.box(x + 2, y - 3, 13, 6),
    "elsewhere": lambda p, x, y: p.line([x, x + 15], [y, y], linestyle=(0, (1, 2)), linewidth=0.8),
    "contact": _thick,
    "telling": _arrow,
    "ended": lambda p, x, y: p.line([x, x + 14], [y, y], color=PALE, linewidth=1.2),
    "worker": lambda p, x, y: p.marks([x + 10], [y], "s", 3.4, markerfacecolor="white"),
}
