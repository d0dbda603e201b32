"""Rows of a curated cohort, made directly: small studies with volumes in the store, rounds, verdicts."""

from __future__ import annotations

import hashlib
import json
import struct
import uuid
from pathlib import Path

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from detector.geometry import Box3D, VolumeGeometry, VoxelBox
from detector.volume import Volume, write_volume
from harvest import store
from harvest.domain import (
    JobState,
    LesionSource,
    ModelKind,
    PreparationState,
    QueueState,
    ReadingMode,
    Split,
    Verdict,
)
from harvest.models import (
    Candidate,
    Cohort,
    HarvestRound,
    Labour,
    Lesion,
    ModelVersion,
    Reading,
    Review,
    RoundStudy,
    Series,
    Study,
    Subject,
)
from harvest.services.readings import open_readings
from harvest.services.round_counts import recount

GRID = VolumeGeometry((12, 48, 48), (4.0, 4.0, 6.0), (-96.0, -96.0, 100.0), "1.2.3")
PHASES = ("arterial", "portal_venous")
TUMOUR = GRID.box_from_voxels(VoxelBox((4, 10, 12), (8, 20, 22)))
ELSEWHERE = GRID.box_from_voxels(VoxelBox((2, 30, 30), (4, 36, 36)))


def make_study(
    cohort: Cohort,
    *,
    split: Split = Split.POOL,
    lesion_class: str = "",
    complete: bool = False,
    volumes: bool = False,
) -> Study:
    """A study of a subject of its own; with `volumes` both phases and the liver lie in the store."""
    id = uuid.uuid4()
    ordinal = cohort.studies.count() + 1
    digest = hashlib.sha256(id.bytes).hexdigest()
    study = Study.objects.create(
        id=id,
        cohort=cohort,
        subject=Subject.objects.create(cohort=cohort, pseudonym=digest[:16], split=split),
        ordinal=ordinal,
        source_sha256=digest,
        reference_phase="portal_venous",
        geometry=GRID.as_json(),
        lesion_class=lesion_class,
        has_liver=volumes,
        complete=complete,
        store_key=f"studies/{id}",
        preparation=PreparationState.READY,
    )
    for phase in PHASES:
        Series.objects.create(study=study, phase=phase, geometry=GRID.as_json(), source_sha256=digest)
    if volumes:
        _write_volumes(study)
    return study


def _write_volumes(study: Study) -> None:
    rng = np.random.default_rng(study.ordinal)
    with store.new_folder(study.store_key) as folder:
        (folder / "registered").mkdir()
        for phase in PHASES:
            array = rng.normal(60, 10, GRID.shape_zyx)
            array[GRID.slices_from_box(TUMOUR)] += 60
            write_volume(Volume(array.astype(np.int16), GRID), folder / "registered" / f"{phase}.npy")
        write_volume(Volume(np.ones(GRID.shape_zyx, np.uint8), GRID), folder / "liver.npy")


def make_version(
    kind: ModelKind = ModelKind.DETECTOR, *, promoted: bool = True, **fields: object
) -> ModelVersion:
    """A version without weights in the store."""
    number = ModelVersion.objects.filter(kind=kind).count() + 1
    known = {"registry_name": "centernet3d", "store_key": "none", "weights_sha256": f"{number:064}"}
    return ModelVersion.objects.create(
        name=f"{kind}-v{number}", kind=kind, number=number, promoted=promoted, **(known | fields)
    )


def make_round(cohort: Cohort) -> HarvestRound:
    version = ModelVersion.objects.filter(kind=ModelKind.DETECTOR).first() or make_version()
    return HarvestRound.objects.create(
        cohort=cohort, number=cohort.rounds.count() + 1, model_version=version, state=JobState.SUCCEEDED
    )


def propose(round: HarvestRound, study: Study, *boxes: Box3D) -> RoundStudy:
    """The study in the round, with a candidate a box."""
    row = RoundStudy.objects.create(round=round, study=study, state=JobState.SUCCEEDED)
    for rank, box in enumerate(boxes, start=1):
        Candidate.objects.create(
            round_study=row, rank=rank, score=1 / rank, key_z_index=5, lo=list(box.lo), hi=list(box.hi)
        )
    open_readings(row, priority=0.0)
    recount(round_id=round.pk)
    return row


def judge(row: RoundStudy, reader: User, verdict: Verdict, candidate: Candidate | None = None) -> Review:
    return Review.objects.create(
        id=uuid.uuid4(),
        round_study=row,
        candidate=candidate,
        reader=reader,
        verdict=verdict,
    )


def undo(review: Review) -> Review:
    return Review.objects.create(
        id=uuid.uuid4(),
        round_study=review.round_study,
        candidate=review.candidate,
        reader=review.reader,
        undoes=review,
    )


def finish(row: RoundStudy, reader: User, *, seconds: float = 0) -> None:
    """The reader has read the study, in so many active seconds."""
    reading = Reading.objects.get(round_study=row, number=1)
    reading.state, reading.done_at, reading.reader = QueueState.DONE, timezone.now(), reader
    reading.save()
    row.settled_at = reading.done_at
    row.save()
    if seconds:
        Labour.objects.create(reading=reading, reader=reader, mode=ReadingMode.CLICK, seconds=seconds)
    recount(round_id=row.round_id)


def mark_lesion(study: Study, box: Box3D = TUMOUR, **fields: object) -> Lesion:
    known: dict[str, object] = {
        "source": LesionSource.DRAWN,
        "primary": True,
        "reference_phase": "portal_venous",
    }
    return Lesion.objects.create(study=study, lo=list(box.lo), hi=list(box.hi), **(known | fields))


def weights_file(path: Path, *, family: str = "centernet3d", size: str = "tiny", salt: str = "") -> Path:
    """A weights file without tensors: only what can be read without torch."""
    plan = json.dumps({"size": size, "salt": salt})
    header = {"__metadata__": {"format": "harvest-weights/1", "family": family, "plan": plan}}
    data = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(data)) + data)
    return path
