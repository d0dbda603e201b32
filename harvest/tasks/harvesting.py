"""Tasks of imports, rounds and what follows from them."""

from __future__ import annotations

from uuid import UUID

from harvest.queue import INFER, IO, PREPARE, RENDER, task
from harvest.services import (
    characterizations,
    exports,
    import_runs,
    inbox,
    judging,
    nudges,
    preparation,
    pulls,
    round_runs,
    rounds,
)


@task(queue=IO)
def import_job(id: str) -> None:
    import_runs.start_import(job_id=UUID(id))


@task(queue=IO)
def read_study(job: str) -> None:
    import_runs.read_and_hand_on(job_id=UUID(job))


@task(queue=IO)
def watch_imports() -> None:
    import_runs.watch_imports()


@task(queue=PREPARE)
def prepare_studies() -> None:
    preparation.prepare_waiting()


@task(queue=PREPARE)
def export_release(id: str) -> None:
    exports.make_export(export_id=UUID(id))


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


@task(queue=IO)
def watch_rounds() -> None:
    rounds.resend_lost_studies()
    nudges.resend_lost_nudges()
    judging.move_judgements_on()
    exports.resend_lost_exports()


@task(queue=INFER)
def run_round_study(id: str) -> None:
    round_runs.run_round_study(round_study_id=UUID(id))


@task(queue=INFER)
def answer_case(id: str) -> None:
    judging.answer_case(answer_id=UUID(id))


@task(queue=INFER)
def characterize_lesions() -> None:
    characterizations.characterize_lesions()


@task(queue=RENDER)
def apply_nudge(id: str) -> None:
    nudges.apply_nudge(nudge_id=UUID(id))
