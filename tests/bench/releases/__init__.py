"""Freezing a large cohort and exporting the release, and Label Studio's export of as much."""
