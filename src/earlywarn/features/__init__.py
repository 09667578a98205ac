"""What we count: features as declarative values, each able to name the records it rests on.

A feature says which rows it counts (``over`` a frame, ``where``, within a ``window``) and how (``value``); its
evidence is the ids of the records that carry those rows. Features count days before the as-of day and never see a
date: what was knowable has been settled one room below, in `earlywarn.history`.
"""
