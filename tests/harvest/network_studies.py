"""A named patient's study for the tests of the network, and how two studies are held against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harvest import store
from harvest.models import Cohort, Study
from harvest.services.cohorts import create_cohort
from harvest.services.import_runs import run_import
from harvest.services.imports import create_path_import
from tests.detector.ingest.builders import write_series
from tests.harvest.test_deidentification import HEADER, STUDY_UID, tissue

SLICES = 12


def write_ct(folder: Path, *, study: int = 1, seed: int = 0, phases: tuple[str, ...] = ()) -> list[Path]:
    """A study of the patient of test_deidentification.py, in phases that the names of its series tell."""
    files = []
    # Fat alone: an image that shows no organ leaves the phase to the name.
    uid = f"{STUDY_UID}.{study}"
    for number, phase in enumerate(phases or ("arterial", "portal venous")):
        described = {
            "SeriesDescription": phase,
            "SeriesNumber": number + 4,
            "AcquisitionTime": f"1015{33 + 10 * number}",
            "study": uid,
        }
        files += write_series(
            folder / uid / str(number),
            tissue(seed + number) - 140,
            series=f"{uid}.{number}",
            **HEADER | described,
        )
    return files


def uid_of(study: int) -> str:
    return f"{STUDY_UID}.{study}"


def of_folder(folder: Path) -> Study:
    """The one study of a folder, imported by itself."""
    cohort = create_cohort(name="by-folder")
    run_import(job_id=create_path_import(cohort=cohort, path=folder, given_phases={}, split="pool").pk)
    return cohort.studies.get()


def assert_same(one: Study, other: Study) -> None:
    """The same phases with the same voxels on the same grid, of the same subject on the same day."""
    assert one.source_sha256 == other.source_sha256
    assert (one.subject.pseudonym, one.shifted_date) == (other.subject.pseudonym, other.shifted_date)
    assert one.geometry == other.geometry
    phases = [{s.phase: s.source_sha256 for s in study.series.all()} for study in (one, other)]
    assert phases[0] == phases[1] != {}
    for phase in phases[0]:
        volumes = [np.load(store.path(f"{s.store_key}/original/{phase}.npy")) for s in (one, other)]
        assert np.array_equal(*volumes)


def only_study(cohort: Cohort) -> Study:
    return Study.objects.get(cohort=cohort)
