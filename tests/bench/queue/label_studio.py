"""Label Studio's readers on as long a queue, in the same PostgreSQL.

It is served as Harvest is: waitress, eight threads, one process. A task has one prediction of ten
regions; a verdict is its draft stored anew, as its own page does after each change; a study done is the
annotation submitted. It leases a task less strictly, keeps no events and measures no labour, but sends and
stores whole drafts.
"""

from __future__ import annotations

import time

from tests.bench.label_studio.installed import LabelStudio
from tests.bench.queue.loop import Client, Thought, Times, no_times, run
from tests.e2e.running import Installation

VERDICTS = ("primary", "not a lesion", "not a lesion", "other")


class LabelStudioReader:
    """Next task, the draft stored after each verdict, the annotation submitted."""

    def __init__(self, port: int, token: str, project: int, times: Times) -> None:
        self.client = Client(port, {"Authorization": f"Token {token}"}, times)
        self.project = project

    def read(self, until: float, thought: Thought) -> None:
        thought.begin()
        while time.monotonic() < until:
            task = self.client.ask("next study", "GET", f"/api/projects/{self.project}/next/")
            regions = task["predictions"][0]["result"]
            draft, result = None, []
            for region in regions:
                thought.click()
                said = {"choices": [thought.chance.choice(VERDICTS)]}
                result += [region, {**region, "from_name": "verdict", "type": "choices", "value": said}]
                where = f"/api/drafts/{draft}/" if draft else f"/api/tasks/{task['id']}/drafts"
                body = {"result": result, "lead_time": 1, "project": self.project}
                draft = self.client.ask("verdict", "PATCH" if draft else "POST", where, body)["id"]
            body = {"result": result, "lead_time": 10, "draft_id": draft}
            where = f"/api/tasks/{task['id']}/annotations/?project={self.project}"
            self.client.ask("study done", "POST", where, body)


def measure(
    running: Installation, *, readers: int, studies: int, candidates: int, seconds: float, thought_s: float
) -> tuple[Times, float]:
    """As tests.bench.queue.harvest.measure."""
    peer = LabelStudio.filled(
        (running.home / "run" / "database-url").read_text(),
        running.home / "label-studio",
        name="label_studio",
        readers=readers,
        tasks=studies,
        regions=candidates,
        annotated=False,
    )
    times = no_times()
    with peer.served() as port:
        warm = LabelStudioReader(port, peer.tokens[0], peer.project, no_times())
        for _ in range(5):
            warm.client.ask("warm", "GET", f"/api/projects/{peer.project}/next/")
        everyone = [LabelStudioReader(port, token, peer.project, times) for token in peer.tokens]
        spent = run(everyone, seconds, thought_s)
        warm.client.times = times
        for _ in range(10):
            tasks = f"/api/tasks?project={peer.project}&page=1&page_size=30"
            warm.client.ask("list page", "GET", tasks)
            warm.client.ask("list page", "GET", "/api/projects?page=1&page_size=30")
    return times, spent
