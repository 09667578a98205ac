"""The same core features, built by other means: each module answers `from_folder` and `from_frames`.

They give ``child_id``, ``as_of`` and the core features for the pooled view, in any order of rows. A pooled viewer
knows every record from its ``known_at``, since whoever holds a record is an organisation, and the rivals rest on that.
What no record at all can tell is not looked for: the drawn records tell everything.
"""
