"""``python -m earlywarn.cli``."""

from earlywarn.cli import main

if __name__ == "__main__":
    main()
