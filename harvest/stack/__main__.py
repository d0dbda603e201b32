"""`python -m harvest.stack [--demo]`: runs Harvest until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from pydantic import ValidationError

from harvest.settings.env import environment
from harvest.stack.demo import ensure_demo
from harvest.stack.launcher import Stack, StackError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m harvest.stack", description="Runs Harvest on one machine."
    )
    parser.add_argument("--demo", action="store_true", help="make a demo cohort of phantoms the first time")
    arguments = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {text}", flush=True)

    try:
        stack = Stack(environment(), say)
    except ValidationError as error:
        first = error.errors()[0]
        print(f"error: HARVEST_{str(first['loc'][0]).upper()}: {first['msg']}", file=sys.stderr)
        return 1
    # A polite kill is an interruption like Ctrl-C. Both are named, because a shell's background jobs start
    # with an interrupt that is ignored.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: _interrupt())
    try:
        stack.start()
        if arguments.demo:
            ensure_demo(stack)
        _greet(stack)
        stack.watch()
    except KeyboardInterrupt:
        say("Stopping")
    except StackError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.stop()
    say("Stopped")
    return 0


def _interrupt() -> None:
    raise KeyboardInterrupt


def _greet(stack: Stack) -> None:
    logins = stack.logins()
    if logins:
        print("\nLogins of this installation (made at random; kept in its secrets folder):")
        for user, password in logins.items():
            print(f"  {user:<12} {password}")
    print(f"\nHarvest is ready at {stack.url}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
