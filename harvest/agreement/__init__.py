"""Whether readers agree, and how far the machine leads them: pure functions."""
