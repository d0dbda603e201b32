"""The models and their migrations say the same, and migrations that move data lose none."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from harvest.models import ImportItem, ImportJob


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
            cohort=cohort, source_path="/in/Doe", is_upload=True
        )
        before.get_model("harvest", "ImportItem").objects.create(
            job=job,
            ordinal=1,
            outcome="refused",
            relative_path="Doe/1",
            message="Doe is damaged.",
            details={"routine": True, "study_key": "a-b", "series": ["Doe"]},
        )
    finally:
        MigrationExecutor(connection).migrate(newest)
    item = ImportItem.objects.get()
    assert (item.relative_path, item.message, item.remedy) == ("Doe/1", "Doe is damaged.", "")
    assert (item.routine, item.study_key, item.details["series"]) == (True, "a-b", ["Doe"])
    assert (ImportJob.objects.get().source_path, ImportJob.objects.get().source) == ("/in/Doe", "upload")
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text || j::text FROM harvest_importitem i, harvest_importjob j")
        assert "Doe" not in cursor.fetchone()[0]
