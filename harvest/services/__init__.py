"""Writes: keyword-only, typed, transactional functions; the only place that changes rows."""
