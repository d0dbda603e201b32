"""No identifier of a patient whose study goes through the whole loop is anywhere afterwards."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from detector.deidentify.keyed import remapped_uid
from harvest import engine, store
from harvest.domain import ModelKind, Role, Verdict
from harvest.models import ImportItem, ImportJob, RoundStudy, Study, Subject
from harvest.services.reviews import complete_study, record_review
from harvest.services.rounds import create_round
from harvest.services.taking import pseudonym_of
from tests.detector.deidentify.test_burned_in import write as write_text
from tests.detector.ingest.builders import voxels, write_series
from tests.harvest.fixtures import Work, make_version
from tests.harvest.test_bad_input import imported

SAID = {"4": "arterial", "5": "portal_venous"}
BOX = {"lo": [-15.0, -25.0, 106.0], "hi": [0.0, -5.0, 121.0], "score": 0.9}
STUDY_UID, FRAME_UID = "1.3.12.2.1107.5.99.1", "1.3.12.2.1107.5.99.7"
# In upper case, as everything is compared: two notations of the birth date would else be one too few.
SECRETS = (
    "ZABRISKIE", "EUSTACHIUS", "P-558213", "ACC-90210", "HIPPOCRATES", "ST ELSEWHERE", "LIVER OF THE MAYOR",
    "19610412", "1961-04-12", "20190314", "2019-03-14", "1.3.12.2.1107", "101533",
)  # fmt: skip
HEADER = {
    "patient": "P-558213",
    "study": STUDY_UID,
    "FrameOfReferenceUID": FRAME_UID,
    "PatientName": "Zabriskie^Eustachius",
    "PatientBirthDate": "19610412",
    "AccessionNumber": "ACC-90210",
    "ReferringPhysicianName": "Hippocrates",
    "InstitutionName": "St Elsewhere",
    "StudyDate": "20190314",
    "AcquisitionTime": "101533",
    "StudyDescription": "Liver of the mayor",
    "KVP": "120",
}


def archive(folder: Path, *, text: str = "") -> Path:
    """A named patient's two phases in folders of that name, a damaged file, a study that asks for phases."""
    named = folder / "Zabriskie_Eustachius P-558213"
    for number, phase in enumerate(("arterial", "portal_venous")):
        hu = tissue(number)
        if text:
            write_text(hu[4], text, at=(2, 2), size=12)
        described = {"SeriesDescription": f"{phase} Zabriskie", "SeriesNumber": number + 4}
        write_series(named / phase, hu, series=f"{STUDY_UID}.{number}", **HEADER | described)
    (named / "Zabriskie.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\x00Zabriskie")
    asking = HEADER | {"study": STUDY_UID + ".3", "SeriesDescription": "Zabriskie"}
    for number in (1, 2):
        hu = tissue(9 + number)
        write_series(
            named / "later" / str(number),
            hu,
            series=f"{STUDY_UID}.3.{number}",
            **asking | {"SeriesNumber": number},
        )
    return folder


def tissue(seed: int) -> np.ndarray:
    """(Z, Y, X) HU of a body in air."""
    _, y, x = np.indices((12, 64, 96))
    inside = ((y - 40) / 20) ** 2 + ((x - 48) / 40) ** 2 < 1
    return np.where(inside, 40 + voxels(12, 64, 96, seed=seed) // 30, -1000).astype(np.int16)


def whole_database() -> str:
    """Every row of every table as text."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - names of our own tables
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def found(text: str | bytes) -> list[str]:
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return [s for s in SECRETS if s in text.upper()]


@pytest.fixture
def taken(state: Path, cohort: Any, client_of: Any, work: Work, tmp_path: Path) -> Study:
    job, _ = imported(client_of(Role.DATA_MANAGER), cohort, archive(tmp_path / "in"), work, given_phases=SAID)
    assert job["counts"] == {
        "waiting": 0,
        "taken": 1,
        "duplicate": 0,
        "refused": 1,
        "phases_needed": 1,
    }
    return Study.objects.get()


def test_no_identifier_is_anywhere_after_the_whole_loop(
    taken: Study, state: Path, cohort: Any, user_of: Any, work: Work, tmp_path: Path, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    make_version(ModelKind.DETECTOR, [BOX])
    with work():
        create_round(cohort=cohort)
    row = RoundStudy.objects.get()
    reader = user_of(Role.CLINICIAN)
    record_review(
        id=uuid.uuid4(),
        round_study_id=row.pk,
        reader=reader,
        verdict=Verdict.PRIMARY_LESION,
        candidate_id=row.candidates.get().pk,
    )
    complete_study(round_study_id=row.pk, reader=reader)
    call_command("release", "create", "--cohort", cohort.name)
    for form in ("coco", "csv"):
        call_command(
            "release", "export", "--cohort", cohort.name, "--format", form, "--out", str(tmp_path / form)
        )

    assert found(whole_database()) == []
    kept = all_files(state / "store")
    pictures = [name for name in kept if name.startswith("tiles/")]
    assert len(pictures) == 4  # a key slice and its neighbours, in each phase
    exported = all_files(tmp_path / "coco") | all_files(tmp_path / "csv")
    assert exported
    assert {name for name, content in (kept | exported).items() if found(name) or found(content)} == set()
    assert found(caplog.text) == []


def test_who_imports_still_sees_which_file_it_was(taken: Study) -> None:
    assert ImportItem.objects.filter(outcome="refused").get().relative_path.endswith("Zabriskie.dcm")
    assert "Zabriskie" not in whole_database()


def test_files_that_wait_for_an_answer_are_known_by_a_sealed_path(taken: Study) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT source_path FROM harvest_importjob")
        (stored,) = cursor.fetchone()
    assert ImportJob.objects.get().source_path not in stored
    assert stored


def test_how_each_phase_was_made_is_kept_without_the_patient(taken: Study) -> None:
    headers = store.path(f"{taken.store_key}/{engine.HEADERS}")
    assert sorted(p.name for p in headers.iterdir()) == ["arterial.json", "portal_venous.json"]
    text = (headers / "arterial.json").read_text()
    assert '"00180060"' in text  # kVp
    assert taken.subject.pseudonym in text


def test_the_frame_of_reference_is_remapped_with_the_installations_key(taken: Study, settings: Any) -> None:
    uid = taken.geometry["frame_of_reference_uid"]
    assert uid.startswith("2.25.")
    assert uid not in (FRAME_UID, remapped_uid(b"no such key" * 4, FRAME_UID))


def test_a_link_is_kept_only_where_it_is_asked_for_and_then_sealed(
    taken: Study, cohort: Any, settings: Any, client_of: Any, work: Work, tmp_path: Path
) -> None:
    assert Subject.objects.get().identifier == ""
    Study.objects.all().delete()
    settings.KEEP_LINKS = True
    imported(client_of(Role.DATA_MANAGER), cohort, archive(tmp_path / "again"), work, given_phases=SAID)
    assert Subject.objects.get(pseudonym=pseudonym_of("P-558213")).identifier == "P-558213"
    assert found(whole_database()) == []


def test_writing_in_the_pixels_is_flagged_until_a_person_has_looked(
    state: Path, cohort: Any, client_of: Any, work: Work, tmp_path: Path
) -> None:
    manager = client_of(Role.DATA_MANAGER)
    imported(manager, cohort, archive(tmp_path / "in", text="EUSTACH"), work, given_phases=SAID)
    study = Study.objects.get()
    url = f"/api/v1/studies/{study.pk}"
    assert manager.get(url).json()["suspected_text"] == {"arterial": [4], "portal_venous": [4]}
    assert client_of(Role.CLINICIAN).post(f"{url}/text-checked").status_code == 403
    assert manager.post(f"{url}/text-checked").json()["suspected_text"] == {}
    study.refresh_from_db()
    assert study.text_checked_by is not None
