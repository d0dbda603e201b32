"""Which contrast phase a CT series is: regions, their HU, a small model, and one assignment a study."""
