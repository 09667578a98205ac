"""Pictures of values: what agencies recorded and when, and who is in touch with whom. Nothing is computed here.

A picture is SVG with an alternative text. It holds labels of the code lists and dates, never an id and never a word
that somebody wrote, and the same value always gives the same bytes.

>>> from earlywarn import datasets, plots
>>> from earlywarn.history.chronology import chronology
>>> from earlywarn.history.view import View
>>> view = View(datasets.load_example(), "2026-11-01")
>>> plots.timeline(chronology(view, view.children[0])).alt.startswith("Timeline from")
True
"""

from earlywarn.plots._graph import contact_graph
from earlywarn.plots._picture import Picture
from earlywarn.plots._timeline import timeline

__all__ = ["Picture", "contact_graph", "timeline"]
