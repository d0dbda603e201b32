"""The network side of import: archives that are asked, senders that may send, and what came of both.

UIDs identify patients to whoever has the archive: they are sealed, or kept as keyed hashes.
"""

from __future__ import annotations

from django.db import models

from harvest.domain import Modality
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort
from harvest.models.study import ImportJob
from harvest.sealing import SealedJSONField, SealedTextField


class ImageArchive(Base):
    """A DICOMweb service that studies are pulled from. Admins alone write it: the server calls its URL."""

    name = models.SlugField(max_length=80, unique=True)
    url = models.URLField(max_length=300)
    username = SealedTextField(blank=True)
    password = SealedTextField(blank=True)
    token = SealedTextField(blank=True)

    class Meta(Base.Meta):
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class DicomSender(Base):
    """Who may send to the DICOM listener, and into which cohort. With a `host` only from there; with a `port`
    the sender can be called back to see whether it is there."""

    ae_title = models.CharField(max_length=16, unique=True)
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="senders")
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True)

    class Meta(Base.Meta):
        ordering = ("ae_title",)

    def __str__(self) -> str:
        return self.ae_title


class ArchivePull(Base):
    """What an import fetches from an archive before it looks at it, and how far that is. `finished_at` is
    the end of the fetching, whatever came of it."""

    job = models.OneToOneField(ImportJob, on_delete=models.CASCADE, related_name="pull")
    archive = models.ForeignKey(ImageArchive, null=True, on_delete=models.SET_NULL, related_name="pulls")
    modality = models.CharField(max_length=4, choices=choices(Modality), default=Modality.CT)
    study_uids: list[str] = SealedJSONField(default=list)  # type: ignore[assignment]
    studies = models.PositiveIntegerField()
    studies_done = models.PositiveIntegerField(default=0)
    objects_done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)


class ReceivedStudy(Base):
    """A study that was sent to a cohort: what came of it, and which objects came, so that late ones are
    known. `key` and `objects_seen` are keyed hashes of UIDs."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="received")
    key = models.CharField(max_length=64)
    objects_seen = models.JSONField(default=list)
    job = models.ForeignKey(ImportJob, null=True, on_delete=models.SET_NULL, related_name="received")

    class Meta(Base.Meta):
        verbose_name_plural = "received studies"
        constraints = [models.UniqueConstraint(fields=("cohort", "key"), name="received_once_a_cohort")]
