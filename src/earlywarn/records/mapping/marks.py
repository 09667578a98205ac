"""Names of the columns that travel beside a source's own, while its rows are read."""

N = "_n"
"""Number of a row within its table."""

SHEET = "_sheet"
"""Number of the sheet it stands in."""

CHILD = "_child"
"""The child's id, as the contract has it."""

OWN_KEY, KEY = "_own_key", "_key"
"""The row's key as it stands, and the key of the row it repeats, which is its own where it repeats none."""

COPY_OF = "_copy_of"
"""Number of the row it repeats: its own number where it is no copy, nothing where it was refused."""

HELD_AT = "_held_at"
"""The day of the newest earlier extract that already held a row of its key; nothing where there is none."""

EXTRACT_AT = "_extract_at"
"""The day on which its extract was made."""


def written(name: str) -> str:
    """Name of the column that keeps a cell as it was written, without blanks around it."""
    return f"{name}|written"


def child_of(name: str) -> str:
    """Name of the column with the child of the row that column ``name`` refers to."""
    return f"{name}|child"


def key_of(name: str) -> str:
    """Name of the column with the key of the row that column ``name`` refers to."""
    return f"{name}|key"


def number_of(name: str) -> str:
    """Name of the column with the number of the row that column ``name`` refers to."""
    return f"{name}|n"


def there(name: str) -> str:
    """Name of the column that says of a row referred to whether it was accepted (1) or refused (0)."""
    return f"{name}|there"
