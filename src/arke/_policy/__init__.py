"""Floor 2: policy. Plain functions, state objects and generators that decide, and never wait."""
