"""Django's admin: people and their roles are edited here; everything else is only looked at, since rows are
written by services alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from harvest.models import (
    Activity,
    ApiToken,
    ArchivePull,
    AuditEvent,
    Candidate,
    Cohort,
    DatasetRelease,
    DicomSender,
    HarvestRound,
    ImageArchive,
    ImportItem,
    ImportJob,
    LabelImport,
    Labour,
    Lesion,
    Membership,
    ModelVersion,
    Outcome,
    PhaseNudge,
    Preferences,
    Reading,
    Review,
    RoundStudy,
    Series,
    Study,
    Subject,
    TrainingRun,
    TrainingSchedule,
)

admin.site.site_header = admin.site.site_title = "Harvest"


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ImportJobAdmin(ReadOnlyAdmin):
    # Paths may hold names of patients and are for the owner of the import alone.
    exclude = ("source_path",)


class ImportItemAdmin(ReadOnlyAdmin):
    exclude = ("relative_path",)


class ImageArchiveAdmin(ReadOnlyAdmin):
    list_display = ("name", "url")
    exclude = ("username", "password", "token")


class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "scope", "cohort", "expires_at", "last_used_at", "revoked_at")
    exclude = ("secret_hash",)


class ArchivePullAdmin(ReadOnlyAdmin):
    list_display = ("job", "archive", "studies", "studies_done", "objects_done")
    exclude = ("study_uids",)


LISTED: dict[type[models.Model], tuple[str, ...]] = {
    Activity: ("reader", "reading", "mode", "at", "seconds"),
    AuditEvent: ("at", "actor", "action", "outcome", "kind", "object_id", "via", "address"),
    Candidate: ("id", "round_study", "rank", "score"),
    Cohort: ("name", "created_at"),
    DicomSender: ("ae_title", "cohort", "host", "port"),
    DatasetRelease: ("cohort", "number", "owner", "created_at"),
    HarvestRound: ("cohort", "number", "state", "model_version", "created_at"),
    LabelImport: ("cohort", "owner", "window_days", "created_at", "undone_at"),
    Labour: ("reading", "reader", "mode", "seconds"),
    Lesion: ("id", "study", "source", "primary", "lesion_class", "reader", "retired_at"),
    Membership: ("cohort", "user", "created_at"),
    ModelVersion: ("name", "kind", "promoted", "release", "created_at"),
    Outcome: ("subject", "kind", "on"),
    PhaseNudge: ("series", "revision", "offset_mm", "by", "created_at"),
    Preferences: ("user", "language"),
    Reading: ("round_study", "number", "reader", "state", "leased_until", "done_at"),
    Review: ("sequence", "reader", "verdict", "undoes", "created_at"),
    RoundStudy: ("round", "study", "state", "settled_at"),
    Series: ("study", "phase", "modality"),
    Study: ("cohort", "ordinal", "reference_phase", "lesion_class", "created_at"),
    Subject: ("pseudonym", "cohort", "split"),
    TrainingRun: ("cohort", "kind", "state", "reason", "created_at", "finished_at"),
    TrainingSchedule: ("cohort", "every_minutes", "enabled", "last_fired_at", "last_outcome"),
}
for _model, _columns in LISTED.items():
    admin.site.register(_model, type(f"{_model.__name__}Admin", (ReadOnlyAdmin,), {"list_display": _columns}))
admin.site.register(ImageArchive, ImageArchiveAdmin)
admin.site.register(ApiToken, ApiTokenAdmin)
admin.site.register(ArchivePull, ArchivePullAdmin)
admin.site.register(ImportJob, ImportJobAdmin)
admin.site.register(ImportItem, ImportItemAdmin)
