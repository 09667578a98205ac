"""What was knowable, by whom, on a day: the only room that compares a date with the as-of day.

Read `viewers` and `knowledge` first (who knew which record from when), then `lookback` (what was knowable before a
day, to many at once), then `view` (one day, one viewer). `graph`, `chronology` and `who_knew` show one child,
`measures` and `wider` every child at once. The rooms above work with whole days before the as-of day, as integers, and
never see the day itself.
"""
