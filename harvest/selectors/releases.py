"""Releases and the manifests they froze."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from harvest import store
from harvest.errors import NotFound, PermanentError
from harvest.manifest import Manifest, read_manifest
from harvest.models import Cohort, DatasetRelease, ReleaseExport

PREFIX = "releases"


def releases(cohort: UUID) -> QuerySet[DatasetRelease]:
    return DatasetRelease.objects.filter(cohort_id=cohort, of_report=False).select_related("owner")


def release(id: UUID) -> DatasetRelease:
    """One release; raises NotFound."""
    found = DatasetRelease.objects.filter(pk=id).select_related("cohort", "owner").first()
    if found is None:
        raise NotFound("There is no such release.")
    return found


def release_numbered(cohort: Cohort, number: int | None) -> DatasetRelease:
    """The cohort's release of that number, or its latest; raises NotFound."""
    rows = DatasetRelease.objects.filter(cohort=cohort, of_report=False)
    rows = rows.select_related("cohort").order_by("-number")
    found = (rows if number is None else rows.filter(number=number)).first()
    if found is None:
        raise NotFound(
            f"Cohort {cohort.name} has no release{'' if number is None else f' {number}'}. "
            "Make one on its Releases page or with `release create`."
        )
    return found


def manifest(row: DatasetRelease) -> Manifest:
    """What a release froze.

    Raises:
        NotFound: the store no longer has it.
        PermanentError: its bytes are not those that were frozen.
    """
    path = store.path(manifest_key(row.manifest_sha256))
    if store.digest(path) != row.manifest_sha256:
        raise PermanentError(
            f"The stored manifest of release {row.number} was changed. Restore it from a backup.",
            code="release_changed",
        )
    return read_manifest(path)


def manifest_key(sha256: str) -> str:
    """Where in the store a manifest lies."""
    return f"{PREFIX}/{sha256}.jsonl"


def export_info(row: DatasetRelease) -> dict[str, object]:
    """What an exported file says of its origin."""
    return {
        "cohort": row.cohort.name,
        "release": row.number,
        "manifest_sha256": row.manifest_sha256,
        "frozen_at": row.created_at.date().isoformat(),
    }


def exports(release: UUID) -> QuerySet[ReleaseExport]:
    """What was asked for of a release, by format."""
    return ReleaseExport.objects.filter(release=release).order_by("format", "with_images")


def export(id: UUID) -> ReleaseExport:
    """One export; raises NotFound."""
    found = ReleaseExport.objects.select_related("release__cohort").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such export.")
    return found
