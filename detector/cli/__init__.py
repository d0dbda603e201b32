"""Subcommands of `python -m detector`: one file each, with HELP, add_arguments(parser) and run(arguments)."""

COMMANDS = (
    "phantom",
    "prepare",
    "train",
    "detect",
    "characterize",
    "evaluate",
    "phantom_cases",
    "experiment",
    "insert_lesions",
    "cold_start",
    "out_of_fold",
    "phase_model",
)
