"""Studies, model versions and rounds for the tests: small real volumes in a real store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from detector.geometry import VolumeGeometry
from detector.volume import Volume, write_volume
from harvest import store
from harvest.domain import ModelKind, PreparationState, Split
from harvest.models import Cohort, HarvestRound, ModelVersion, Series, Study, Subject
from harvest.services.rounds import create_round
from harvest.tasks import harvesting
from tests import fakes

GEOMETRY = VolumeGeometry((10, 24, 20), (5.1, 5.3, 4.7), (-31.25, 12.1, -100.3), "2.25.1")
# Numbers that no short decimal writes exactly: a box must come out bit for bit as it went in.
BOXES = [
    {"lo": [-20.1, 30.3, -90.7], "hi": [7 / 3, 60.1, -70.1 / 1.7], "score": 0.9, "phase_scores": {"arterial": 0.7}},  # noqa: E501
    {"lo": [0.1 + 0.2, 40.3, -85.7], "hi": [30.1, 70.7, -66.6], "score": 0.6},
    {"lo": [-10.0, 20.0, -80.0], "hi": [0.0, 30.0, -70.0], "score": 0.05},
]  # fmt: skip
PHASES = ("arterial", "portal_venous")


@pytest.fixture
def state(tmp_path: Path, settings: Any) -> Path:
    """A store, uploads and an inbox of the test's own."""
    settings.STORE_DIR = tmp_path / "store"
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.WORK_DIR = tmp_path / "work"
    settings.INBOX_DIR = tmp_path / "inbox"
    return tmp_path


def make_study(
    cohort: Cohort,
    *,
    split: Split = Split.POOL,
    phases: Sequence[str] = PHASES,
    subject: str = "",
    geometry: VolumeGeometry = GEOMETRY,
    volumes: bool = True,
) -> Study:
    """A study of ramps with its volumes in the store, unless whoever makes it brings volumes of their own."""
    ordinal = cohort.studies.count() + 1
    id = uuid.uuid4()
    person, _ = Subject.objects.get_or_create(
        cohort=cohort, pseudonym=subject or id.hex[:16], defaults={"split": split}
    )
    study = Study.objects.create(
        id=id,
        cohort=cohort,
        subject=person,
        ordinal=ordinal,
        source_sha256=id.hex * 2,
        reference_phase=phases[-1],
        geometry=geometry.as_json(),
        store_key=f"studies/{id}",
        preparation=PreparationState.READY,
    )
    Series.objects.bulk_create(
        Series(study=study, phase=phase, geometry=geometry.as_json(), source_sha256=f"{ordinal:x}{phase}")
        for phase in phases
    )
    if volumes:
        with store.new_folder(study.store_key) as folder:
            (folder / "registered").mkdir()
            for phase in phases:
                voxels = _ramp(ordinal + phases.index(phase))
                write_volume(Volume(voxels, GEOMETRY), folder / "registered" / f"{phase}.npy")
    return study


def _ramp(offset: int) -> npt.NDArray[np.int16]:
    z, y, x = np.indices(GEOMETRY.shape_zyx)
    return (20 * z + 4 * y + 2 * x - 50 + offset).astype(np.int16)


def make_version(kind: ModelKind, weights: Any, *, number: int = 1, promoted: bool = True) -> ModelVersion:
    """A fake version of a kind, whose weights say what it finds."""
    fakes.register()
    key, digest = store.put_bytes("weights", json.dumps(weights).encode(), ".json")
    names = {
        ModelKind.DETECTOR: fakes.DETECTOR,
        ModelKind.KEY_SLICE_FILTER: fakes.KEY_SLICE_FILTER,
        ModelKind.CHARACTERIZER: fakes.CHARACTERIZER,
    }
    return ModelVersion.objects.create(
        name=f"{kind}-v{number}",
        kind=kind,
        number=number,
        registry_name=names[kind],
        store_key=key,
        weights_sha256=digest,
        promoted=promoted,
    )


class Clock:
    """A time of day that goes on only when a test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 26, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("django.utils.timezone.now", made)
    return made


Work = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> Work:
    """`with work():` runs what the block enqueues, as a worker would, once the block is over."""
    monkeypatch.setattr("harvest.queue.send", lambda name, ids, queue: getattr(harvesting, name)(*ids))
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def detector(state: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    # Small tiles: every round renders them.
    monkeypatch.setattr("harvest.rendering.TILE_PX", 48)
    return make_version(ModelKind.DETECTOR, BOXES)


@pytest.fixture
def ready_round(cohort: Cohort, detector: ModelVersion, work: Work) -> HarvestRound:
    """A round that has run on three studies, two candidates each."""
    for _ in range(3):
        make_study(cohort)
    with work():
        made = create_round(cohort=cohort)
    made.refresh_from_db()
    return made
