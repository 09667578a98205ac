"""Make-believe records with known truth, for learning, for tests, and for measuring what can be measured.

No real child's records can lie in a public library, so these are made up. Make-believe is for three things: to see
what the library does before any data are at hand; to test it, since here it is known which concern was real and which
was not; and to ask what would have been seen had agencies told one another more, or sooner.

**Runs on synthetic data show that the code is right, not that it helps children.** Nothing measured here says how well
anything works on records that people wrote about people.

>>> from earlywarn import datasets
>>> records = datasets.load_example()                       # the 240 children that ship, for as_of="2026-11-01"
>>> made = datasets.make_cohort(50, seed=3)                 # others, and with them the truth
>>> sorted(made.truth)
['children', 'concerns']
"""

from earlywarn.datasets.examples import load_example
from earlywarn.datasets.synthetic import make_cohort

__all__ = ["load_example", "make_cohort"]
