"""Freezing what is curated."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest import store
from harvest.errors import Conflict, NotFound, NotReady
from harvest.manifest import LEFT_OUT, counts_of, to_bytes
from harvest.models import Cohort, DatasetRelease
from harvest.selectors.manifest import manifest_of
from harvest.selectors.releases import PREFIX


@transaction.atomic
def create_release(*, cohort: UUID, owner: User | None = None, note: str = "") -> DatasetRelease:
    """Freezes the cohort as it is now, under the next number.

    Raises:
        NotFound: there is no such cohort.
        Conflict: nothing is curated yet; NotReady: nothing of it is registered yet.
        StorageFull: the disk is full.
    """
    return _freeze(cohort, owner, note, reuse=False)


@transaction.atomic
def ensure_release(*, cohort: UUID, owner: User | None = None, note: str = "") -> DatasetRelease:
    """The cohort's latest release where nothing has changed since, else a new one; raises as
    create_release does."""
    return _freeze(cohort, owner, note, reuse=True)


def _freeze(cohort_id: UUID, owner: User | None, note: str, *, reuse: bool) -> DatasetRelease:
    cohort = Cohort.objects.select_for_update().filter(pk=cohort_id).first()
    if cohort is None:
        raise NotFound("There is no such cohort.")
    manifest = manifest_of(cohort)
    if not manifest["studies"] and (left_out := manifest.get(LEFT_OUT)):
        raise NotReady(
            f"What is curated in cohort {cohort.name} ({len(left_out)} studies) is still being registered. "
            "Freeze when it is ready; the Studies page says how far it is.",
        )
    if not manifest["studies"]:
        raise Conflict(
            f"Nothing is curated yet. Review a study of cohort {cohort.name}, or import one with its "
            "lesions, then freeze.",
            code="nothing_curated",
        )
    data = to_bytes(manifest)
    latest = cohort.releases.order_by("-number").first()
    if reuse and latest and latest.manifest_sha256 == hashlib.sha256(data).hexdigest():
        return latest
    _, digest = store.put_bytes(PREFIX, data, ".json")
    return DatasetRelease.objects.create(
        cohort=cohort,
        number=latest.number + 1 if latest else 1,
        owner=owner,
        manifest_sha256=digest,
        counts=counts_of(manifest),
        note=note,
    )
