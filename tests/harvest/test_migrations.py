"""The models and their migrations say the same, and migrations that move data lose none."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from harvest.models import ImportItem, ImportJob, Labour, Lesion, Reading


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_texts_of_earlier_imports_are_sealed_in_place() -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("harvest")
    then = [("harvest", "0003_characterization")]
    MigrationExecutor(connection).migrate(then)
    try:
        before = MigrationExecutor(connection).loader.project_state(then).apps
        cohort = before.get_model("harvest", "Cohort").objects.create(name="old")
        job = before.get_model("harvest", "ImportJob").objects.create(
            cohort=cohort, source_path="/in/Featherstonehaugh", is_upload=True
        )
        before.get_model("harvest", "ImportItem").objects.create(
            job=job,
            ordinal=1,
            outcome="refused",
            relative_path="Featherstonehaugh/1",
            message="Featherstonehaugh is damaged.",
            details={"routine": True, "study_key": "a-b", "series": ["Featherstonehaugh"]},
        )
    finally:
        MigrationExecutor(connection).migrate(newest)
    item = ImportItem.objects.get()
    assert (item.relative_path, item.message, item.remedy) == (
        "Featherstonehaugh/1",
        "Featherstonehaugh is damaged.",
        "",
    )
    assert (item.routine, item.study_key, item.details["series"]) == (True, "a-b", ["Featherstonehaugh"])
    assert (ImportJob.objects.get().source_path, ImportJob.objects.get().source) == (
        "/in/Featherstonehaugh",
        "upload",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text || j::text FROM harvest_importitem i, harvest_importjob j")
        # Long enough not to turn up in what is sealed by chance.
        assert "Featherstonehaugh" not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_readings_are_what_the_queue_of_before_said() -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("harvest")
    then = [("harvest", "0012_review_queue")]
    MigrationExecutor(connection).migrate(then)
    try:
        apps = MigrationExecutor(connection).loader.project_state(then).apps

        def make(model: str, **fields: object) -> Any:
            app = "auth" if model == "User" else "harvest"
            return apps.get_model(app, model).objects.create(**fields)

        reader = make("User", username="reader")
        cohort = make("Cohort", name="old")
        subject = make("Subject", cohort=cohort, pseudonym="s")
        version = make("ModelVersion", name="v", kind="detector", number=1, weights_sha256="0")
        parent = make("HarvestRound", cohort=cohort, number=1, model_version=version)
        of_round = {"round": parent, "state": "succeeded", "priority": 0.7, "leased_by": reader}
        for ordinal, state in ((1, "done"), (2, "leased")):
            study = make(
                "Study",
                cohort=cohort,
                subject=subject,
                ordinal=ordinal,
                source_sha256=str(ordinal),
                geometry={},
            )
            row = make("RoundStudy", study=study, queue_state=state, active_seconds=4, **of_round)
            make("Review", round_study=row, reader=reader, verdict="missed", active_seconds=6)
        box = {"lo": [0, 0, 0], "hi": [1, 1, 1], "source": "drawn", "reference_phase": "arterial"}
        make("Lesion", study=study, round_study=row, reader=reader, active_seconds=48, **box)
    finally:
        MigrationExecutor(connection).migrate(newest)
    done, leased = Reading.objects.order_by("round_study__study__ordinal")
    assert (done.state, leased.state, done.reader_id, done.priority) == ("done", "leased", reader.pk, 0.7)
    assert (done.round_study.settled_at is None, leased.round_study.settled_at) == (False, None)
    seconds = Labour.objects.order_by("reading__round_study__study__ordinal", "mode")
    assert [(row.mode, row.seconds) for row in seconds] == [("click", 10), ("click", 6), ("draw", 48)]
    assert Lesion.objects.get().settled
    assert (done.round.readings, done.round.readings_done) == (2, 1)
