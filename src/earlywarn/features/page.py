"""The page of the catalogue, written from the code: every feature, every setting, every set, in words."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from earlywarn.features.catalogue import families
from earlywarn.features.feature import SERVICES
from earlywarn.features.needed import declared
from earlywarn.features.sets import COUNTS_OF_LOOKING, SETS, feature_set
from earlywarn.features.settings import Settings
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from earlywarn.features.feature import Feature

DIRECTIONS: Mapping[int, str] = MappingProxyType(
    {1: "higher: read sooner", -1: "lower: read sooner", 0: "shown, either way"}
)
"""The direction of a feature in words. It orders reading; it says nothing of what will happen."""

DIRECTIONS_EXPLAINED = (
    "Higher, or lower, means read sooner: no model may turn it round. Shown, either way: it can mean different things, "
    "and good practice alone can raise it; the starting card does not ask it."
)

_INTRODUCTION = """# Features

Everything this version counts, family by family. The page is written from the code (`python dev.py docs`), so it says
what is counted and not what was once meant. `earlywarn features --list` prints the same on a terminal.

A feature of your own is three lines. Nothing is registered: it goes into the list beside the others, and
`table.evidence(child, "incidents_365d")` names its records.

```python
import earlywarn as ew, polars as pl
from earlywarn.features.catalogue import CORE
from earlywarn.features.feature import Sentence

records = ew.datasets.load_example()

said = Sentence("No incident.", "1 incident.", "{n} incidents.", "Incidents: the records do not say.")
incident = pl.col("kind") == "incident"
mine = ew.Feature("incidents_365d", "records", incident, pl.len(), 365, 0, (), "records", 0, said, "our own")

table = ew.build_features(records, "2026-11-01", features=[*CORE, mine])
```

The frames to count over, and their columns, are described in `earlywarn.features.frames`. Give a feature that a model
will read a `definition` too: it is what the model knows it by.

`table.to_pandas()`, `table.to_polars()` and `table.to_arrow()` take the values elsewhere. A scikit-learn Pipeline can
start from records; labels are handed to the model alone, in the order of the index, and no feature ever sees them:

```python
from earlywarn.features.transformer import ChildFeatures
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

pipeline = make_pipeline(ChildFeatures(as_of="2026-11-01", features="starting"), SimpleImputer())
filled = pipeline.set_output(transform="pandas").fit_transform(records)  # indexed by child_id, as_of, viewer
```

## How to read this page

- **Direction.** "Higher: read sooner" and "lower: read sooner" bind every model: none may turn them round. "Shown,
  either way": it can mean different things, and good practice alone can raise it; the starting card does not ask it.
- **Cannot be told** is an answer, and never zero ([0005](decisions/0005-cannot-tell.md)). Of anyone: where nobody's
  records had, by the day, what the feature needs. Of one child: where the definition says "null", or too few of the
  child's records say what is asked. Which format can tell what is in [features by source](features-by-source.md).
- **Said**: the sentence where the value is none, one, many, and where it cannot be told. `{n}` is the value, `{span}`
  the value as a span of time, `{part}` of `{of}` a share.
- **About services**: the feature describes how services have worked, not the family.
"""


def features_page() -> str:
    """Return the page as Markdown: families, settings, sets."""
    lines = [_INTRODUCTION]
    for family, features in families().items():
        lines += [f"## {family}", ""]
        for feature in features:
            lines += [*_section(feature), ""]
    lines += [*_settings(), "", *_sets()]
    return "\n".join(lines) + "\n"


def _section(feature: Feature) -> Iterator[str]:
    yield f"### `{feature.name}`"
    yield ""
    yield feature.definition or "(no definition in words)"
    yield ""
    services = " About services." if feature.about == SERVICES else ""
    direction = DIRECTIONS[feature.direction]
    yield f"- Counted in {feature.unit}. {direction[0].upper()}{direction[1:]}.{services}"
    yield f"- Cannot be told: {cannot_be_told(feature)}."
    for said, template in vars(feature.sentence).items():
        yield f"- Said, {'not known' if said == 'missing' else said}: {template}"
    yield f"- Source: {feature.source.rstrip('.')}."


def cannot_be_told(feature: Feature) -> str:
    """Say in words when a feature cannot be told: of anyone for what it needs, of a child for its coverage.

    Examples
    --------
    >>> from earlywarn.features.catalogue import CORE
    >>> cannot_be_told(next(f for f in CORE if f.name == "missed_365d"))
    'of anyone where no record says whether a visit or appointment took place'

    """
    lacking = " or ".join(dict.fromkeys(need.lacking for need in declared(feature)))
    rules = [f"of anyone where {lacking}"] if lacking else []
    if feature.coverage is not None:
        rules.append(f"of a child where fewer than {feature.coverage.least:.0%} of the records asked about say")
    return "; ".join(rules) or "never, for every record says what it needs"


def _settings() -> Iterator[str]:
    yield "## Settings"
    yield ""
    yield "Thresholds are local. Set yours with `catalogue(Settings(visit_standard_working_days=15))`, or, for the"
    yield "command line, in a file of lines like `visit_standard_working_days = 15`, given with `--settings`. A"
    yield "definition says the values it was built with, and a model made for one set of values refuses another."
    yield ""
    yield "| setting | default | unit | what it is |"
    yield "|---|---|---|---|"
    for each in fields(Settings):
        yield f"| `{each.name}` | {each.default} | {each.metadata['unit']} | {each.metadata['means']} |"


def _sets() -> Iterator[str]:
    yield "## Sets"
    yield ""
    yield 'Named lists: `earlywarn.features.sets.feature_set("starting")`, or `--set starting`.'
    yield ""
    for name, said in SETS.items():
        yield f"- `{name}` ({count_of(len(feature_set(name)), 'feature')}): {said}"
    yield ""
    yield "`no_surveillance` is for asking how much of a list comes from looking alone. It leaves out:"
    yield ""
    for name, why in COUNTS_OF_LOOKING.items():
        yield f"- `{name}`: {why}."
