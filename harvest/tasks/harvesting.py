"""Tasks of imports, rounds and what follows from them."""

from __future__ import annotations

from uuid import UUID

from harvest.queue import IO, MODELS, task
from harvest.services import characterizations, import_runs, inbox, pulls, round_runs, rounds


@task(queue=IO)
def import_job(id: str) -> None:
    import_runs.run_import(job_id=UUID(id))


@task(queue=IO)
def pull_studies(id: str) -> None:
    pulls.pull_then_import(job_id=UUID(id))


@task(queue=IO)
def watch_network() -> None:
    """Imports what was received and has gone quiet; goes on with pulls whose worker is gone."""
    inbox.import_quiet_studies()
    pulls.resume_lost_pulls()


@task(queue=IO)
def start_round(id: str) -> None:
    rounds.send_studies(round_id=UUID(id))


@task(queue=MODELS)
def run_round_study(id: str) -> None:
    round_runs.run_round_study(round_study_id=UUID(id))


@task(queue=MODELS)
def characterize_lesions() -> None:
    characterizations.characterize_lesions()
