"""The same work in several processes of this machine, for commands that run without workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from uuid import UUID

import django

POLL_SECONDS = 0.5


def each_in_processes(
    function: Callable[[UUID], object],
    ids: Sequence[UUID],
    *,
    workers: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Calls a module's function for each id, so many at once, and `meanwhile` about twice a second. A process
    that is killed ends the call early, whatever the others are at: see what is left, and call it again.

    Raises:
        Exception: what the function raises.
    """
    # Spawned, not forked: ITK's threads and database connections do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=django.setup) as pool:
        try:
            waiting = {pool.submit(function, id) for id in ids}
            while waiting:
                done, waiting = wait(waiting, timeout=POLL_SECONDS)
                meanwhile()
                for future in done:
                    future.result()
        except BrokenProcessPool:
            meanwhile()
