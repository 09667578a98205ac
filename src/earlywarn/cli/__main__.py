"""``python -m earlywarn.cli``."""

from earlywarn.cli import main

main()
