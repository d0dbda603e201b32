"""Tasks of imports, rounds and what follows from them."""

from __future__ import annotations

from uuid import UUID

from harvest.queue import IO, MODELS, PROMPT, task
from harvest.services import characterizations, import_runs, nudges, round_runs, rounds


@task(queue=IO)
def import_job(id: str) -> None:
    import_runs.run_import(job_id=UUID(id))


@task(queue=IO)
def start_round(id: str) -> None:
    rounds.send_studies(round_id=UUID(id))


@task(queue=MODELS)
def run_round_study(id: str) -> None:
    round_runs.run_round_study(round_study_id=UUID(id))


@task(queue=MODELS)
def characterize_lesions() -> None:
    characterizations.characterize_lesions()


@task(queue=PROMPT)
def apply_nudge(id: str) -> None:
    nudges.apply_nudge(nudge_id=UUID(id))
