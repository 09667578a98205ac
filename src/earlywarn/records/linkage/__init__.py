"""Two ids, one child: by numbers that are the same in every agency, then by likeness, and never twins.

`linking` is the door. `numbers` finds exact matches; `identities` tidies names; `likeness` weighs them (splink);
`judging` decides which pairs are links and which a person must look at; `homes` links households.
"""

from earlywarn.records.linkage.linking import Linked, link, read_identities, write_linked

__all__ = ["Linked", "link", "read_identities", "write_linked"]
