"""How counts become a score: one additive table of points for every model, so that scoring is explaining."""
