"""Readers in a closed loop over HTTP: each thinks, asks, and waits for the answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

Times = dict[str, list[float]]


class Client:
    """One reader's connection, which stays open, and the times of what it asks. A connection that the server
    closed meanwhile is opened again, within the time."""

    def __init__(self, port: int, headers: dict[str, str], times: Times) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {**headers, "Content-Type": "application/json"}
        self.times = times

    def ask(self, what: str, method: str, path: str, body: object = None) -> Any:
        """The answer as JSON, None where it is empty; raises RuntimeError where it is a refusal."""
        started = time.perf_counter()
        sent = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, path, sent, self.headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            self.connection.close()
            self.connection.request(method, path, sent, self.headers)
            answer = self.connection.getresponse()
        data = answer.read()
        self.times[what].append(1000 * (time.perf_counter() - started))
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return json.loads(data) if data else None


class Thought:
    """A reader's pauses: people do not begin, nor click, in step."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds = seconds
        self.chance = random.Random(seed)

    def begin(self) -> None:
        time.sleep(self.chance.uniform(0, 5 * self.seconds))

    def click(self) -> None:
        time.sleep(self.chance.uniform(0.5, 1.5) * self.seconds)


class Reader(Protocol):
    """Whoever reads: `times` are those of "next study", "verdict" and "study done"."""

    def read(self, until: float, thought: Thought) -> None:
        """Studies one after the other until `until` (time.monotonic) has come."""
        ...


def run(readers: Sequence[Reader], seconds: float, thought_s: float) -> float:
    """All readers side by side; returns how long it took."""
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=reader.read, args=(until, Thought(thought_s, seed)))
        for seed, reader in enumerate(readers)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def no_times() -> Times:
    return defaultdict(list)
