"""Studies, their series, and the imports that brought them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from harvest.domain import (
    ImportOutcome,
    ImportSource,
    JobState,
    LesionClass,
    LiverSource,
    Modality,
    PhaseSource,
    PreparationState,
    Split,
)
from harvest.models.base import Base, choices, point_field
from harvest.models.cohort import Cohort, Subject
from harvest.sealing import SealedJSONField, SealedTextField


class Study(Base):
    """One examination: up to four phases, and once it is prepared all of them on the reference phase's grid.

    `store_key` is the study's folder in the store. An import leaves original/<phase>.npy, liver.npy where the
    mask came with it and, of DICOM, headers/<phase>.json without the patient; the preparation adds
    registered/<phase>.npy, transforms/<phase>.json (what makes the one of the other) and the liver it found;
    below nudged/ lie the phases that a person moved, each way in a folder of its own.
    `registration` is how the phases are brought onto each other (settings.REGISTRATION at its import).
    `source_sha256` is of the pixel content, so that a second import adds nothing. `shifted_date` is the day
    of the examination, moved by its subject's secret number of days (services/dates.py).
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="studies")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="studies")
    ordinal = models.PositiveIntegerField()
    source_sha256 = models.CharField(max_length=64)
    reference_phase = models.CharField(max_length=40)
    geometry = models.JSONField()
    lesion_class = models.CharField(max_length=20, choices=choices(LesionClass), blank=True)
    # Where it was made, under a name that says nothing to outsiders; empty where nobody told.
    site = models.CharField(max_length=40, blank=True)
    has_liver = models.BooleanField(default=False)
    # Empty until the preparation knows it, and for studies of before this was kept.
    liver_source = models.CharField(max_length=20, choices=choices(LiverSource), blank=True)
    preparation = models.CharField(
        max_length=8, choices=choices(PreparationState), default=PreparationState.WAITING
    )
    preparation_error = models.JSONField(null=True)
    preparation_tries = models.PositiveSmallIntegerField(default=0)
    registration = models.CharField(max_length=12, blank=True)
    # False where lesions may be unmarked; gold studies with imported truth are complete.
    complete = models.BooleanField(default=False)
    store_key = models.CharField(max_length=120)
    # {phase: slices of the original} that seem to bear writing, until a person has looked.
    suspected_text = models.JSONField(default=dict, blank=True)
    text_checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shifted_date = models.DateField(null=True)

    class Meta(Base.Meta):
        ordering = ("ordinal",)
        constraints = [
            models.UniqueConstraint(fields=("cohort", "source_sha256"), name="study_once_a_cohort"),
            models.UniqueConstraint(fields=("cohort", "ordinal"), name="study_ordinal"),
        ]
        indexes = [
            models.Index(
                fields=("created_at",),
                condition=~models.Q(preparation=PreparationState.READY),
                name="study_not_ready",
            )
        ]

    @property
    def unchecked_text(self) -> dict[str, list[int]]:
        """The suspected writing that nobody has looked at yet."""
        return {} if self.text_checked_by_id else self.suspected_text

    @property
    def image_revision(self) -> int:
        """Grows whenever an image of the study changes."""
        return sum(s.image_revision for s in self.series.all())


def no_nudge() -> list[float]:
    return [0.0, 0.0, 0.0]


class Series(Base):
    """One phase of a study. `registration` holds the quality figures of its way onto the reference grid.

    `nudge_mm` is how a person moved it there (x, y, z in LPS) and `image_revision` the event that said so, 0
    for none: what is shown now. A later PhaseNudge is on its way, or failed for what `nudge_error` says.

    `assigned_by` and `confidence` (in [0, 1], 1 where a person said it) say how its phase is known; both are
    empty for series of before this was kept.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    modality = models.CharField(max_length=4, choices=choices(Modality), default=Modality.CT)
    phase = models.CharField(max_length=40)
    geometry = models.JSONField()
    source_sha256 = models.CharField(max_length=64)
    # Of the registered file that is shown now; empty for those of before this was kept.
    image_sha256 = models.CharField(max_length=64, blank=True)
    registration = models.JSONField(default=dict)
    nudge_mm = point_field(default=no_nudge)
    image_revision = models.PositiveIntegerField(default=0)
    nudge_error = models.JSONField(null=True)
    assigned_by = models.CharField(max_length=8, choices=choices(PhaseSource), blank=True)
    confidence = models.FloatField(null=True)

    class Meta(Base.Meta):
        verbose_name_plural = "series"
        constraints = [models.UniqueConstraint(fields=("study", "phase"), name="phase_once_a_study")]


class ImportJob(Base):
    """One import: what was asked, how far it is, what came of each thing found."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="imports")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    # Where the files lie: a path may hold names, so it is sealed, its owner's alone and blanked at the end.
    source_path = SealedTextField(blank=True)
    is_upload = models.BooleanField(default=False)
    # Which way the files came, and from whom: an archive's name, a calling AE title; "" where the owner sent.
    source = models.CharField(max_length=8, choices=choices(ImportSource), default=ImportSource.COMMAND)
    source_name = models.CharField(max_length=80, blank=True)
    given_phases = models.JSONField(default=dict)
    split = models.CharField(max_length=8, choices=choices(Split), default=Split.POOL)
    # A public data set (detector.datasets.registry) and the phase of its scans; "" for studies as they come.
    dataset = models.CharField(max_length=20, blank=True)
    dataset_phase = models.CharField(max_length=40, blank=True)
    site = models.CharField(max_length=40, blank=True)
    registration = models.CharField(max_length=12, blank=True)
    # Whether every study at the source has its item, and its record in the work folder.
    looked_through = models.BooleanField(default=False)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)


class ImportItem(Base):
    """What came of one study, series or file. `relative_path` is shown only to the job's owner, and so are
    the texts where they name a file; all that can hold a name is sealed. `routine`: every archive holds such
    (a scout, say). `study_key` tells the studies of one import apart.
    """

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="items")
    ordinal = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16, choices=choices(ImportOutcome))
    study = models.ForeignKey(Study, null=True, on_delete=models.SET_NULL)
    study_key = models.CharField(max_length=40, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    routine = models.BooleanField(default=False)
    relative_path = SealedTextField(blank=True)
    path_sha256 = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=60, blank=True)
    message = SealedTextField(blank=True)
    remedy = SealedTextField(blank=True)
    details: dict[str, Any] = SealedJSONField(default=dict)  # type: ignore[assignment]

    class Meta(Base.Meta):
        ordering = ("ordinal",)
