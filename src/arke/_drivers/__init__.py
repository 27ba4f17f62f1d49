"""Floor 3: drivers. The only code that waits, one driver per world, with nothing left in it to decide."""
