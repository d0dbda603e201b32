"""The next step's batches, made in a thread while a step is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """`make(step, parts)` called one step ahead. `waited_s` is how long `take` had to wait in all."""

    def __init__(self, make: Callable[[int, int], T], last: int) -> None:
        self._make = make
        self._last = last
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._next: tuple[tuple[int, int], Future[T]] | None = None
        self.waited_s = 0.0

    def take(self, step: int, parts: int) -> T:
        """The step's batches; begins on those of the next step."""
        begun = time.perf_counter()
        asked = (step, parts)
        if self._next is None or self._next[0] != asked:
            self._next = (asked, self._pool.submit(self._make, *asked))
        made = self._next[1].result()
        if step + 1 <= self._last:
            self._next = ((step + 1, parts), self._pool.submit(self._make, step + 1, parts))
        self.waited_s += time.perf_counter() - begun
        return made

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
