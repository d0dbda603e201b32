"""`python -m detector COMMAND`: thin shells; an expected failure is one line, never a traceback."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from detector.cli import COMMANDS
from detector.errors import DetectorError


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0, 1 for an expected failure, 2 for wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    spoken = {name.replace("_", "-"): name for name in COMMANDS}
    argv = [*(spoken.get(word, word) for word in argv[:1]), *argv[1:]]
    parser = argparse.ArgumentParser(prog="python -m detector", description="Liver lesion candidates in CT.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the command that is asked for is imported whole: torch takes seconds to load.
    wanted = next((a for a in argv if a in COMMANDS), None)
    for name in COMMANDS:
        module = import_module(f"detector.cli.{name}") if name == wanted or wanted is None else None
        sub = commands.add_parser(name, help=module.HELP if module else None)
        if module:
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except DetectorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
