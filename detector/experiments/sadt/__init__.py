"""The experiment of the SaDT paper (004) on phantoms: detection, key slices, classes, labour."""
