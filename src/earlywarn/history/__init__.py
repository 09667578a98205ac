"""What was knowable, by whom, on a day: the only room that compares a date with the as-of day.

Read `knowledge` first (who knew which record from when), then `lookback` (what was knowable before a day, to many at
once), then `view` (one day, one viewer). The rooms
above work with whole days before the as-of day, as integers, and never see the day itself.
"""
