"""Freezing what is curated."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest import store
from harvest.errors import Conflict, HarvestError, NotFound, NotReady
from harvest.manifest import Counts, Manifest, lines_of
from harvest.models import Cohort, DatasetRelease
from harvest.release_policy import LEAVE_OUT, ReleasePolicy
from harvest.selectors.leaks import leaks_of
from harvest.selectors.manifest import EVERYTHING, manifest_of
from harvest.selectors.releases import manifest_key


@transaction.atomic
def create_release(
    *,
    cohort: UUID,
    owner: User | None = None,
    note: str = "",
    policy: ReleasePolicy = EVERYTHING,
) -> DatasetRelease:
    """Freezes the cohort as it is now, as a policy takes it, under the next number.

    Raises:
        NotFound: there is no such cohort.
        Conflict: nothing is curated yet, the policy leaves nothing, or a patient leaks (code leak); NotReady:
            nothing of it is registered yet.
        StorageFull: the disk is full.
    """
    return _freeze(cohort, owner, note, policy, reuse=False)


@transaction.atomic
def ensure_release(*, cohort: UUID, owner: User | None = None, note: str = "") -> DatasetRelease:
    """The cohort's latest release where it is of everything and nothing has changed since, else a new one;
    what leaks stays out. Raises as create_release does."""
    return _freeze(cohort, owner, note, replace(EVERYTHING, leaks=LEAVE_OUT), reuse=True)


@transaction.atomic
def freeze_for_report(*, cohort: UUID, rounds: int, chance: bool) -> DatasetRelease | None:
    """What stood after a round, in all that was read or in what chance drew, as a release that no list has;
    None where that is nothing."""
    policy = ReleasePolicy(rounds=rounds, chance=chance, leaks=LEAVE_OUT)
    row = Cohort.objects.get(pk=cohort)
    manifest = manifest_of(row, policy, _leaking(row, policy))
    counts = Counts()
    try:
        _, digest = store.put_lines(lines_of(_counted(row, manifest, counts)), manifest_key)
    except (Conflict, NotReady):
        return None
    return DatasetRelease.objects.create(
        cohort=row,
        number=0,
        manifest_sha256=digest,
        counts=counts.of(manifest),
        policy=policy.as_json(),
        of_report=True,
    )


def _freeze(
    cohort_id: UUID, owner: User | None, note: str, policy: ReleasePolicy, *, reuse: bool
) -> DatasetRelease:
    cohort = Cohort.objects.select_for_update().filter(pk=cohort_id).first()
    if cohort is None:
        raise NotFound("There is no such cohort.")
    manifest = manifest_of(cohort, policy, _leaking(cohort, policy))
    counts = Counts()
    _, digest = store.put_lines(lines_of(_counted(cohort, manifest, counts)), manifest_key)
    latest = cohort.releases.filter(of_report=False).order_by("-number").first()
    if reuse and latest and latest.manifest_sha256 == digest:
        return latest
    return DatasetRelease.objects.create(
        cohort=cohort,
        number=latest.number + 1 if latest else 1,
        owner=owner,
        manifest_sha256=digest,
        counts=counts.of(manifest),
        policy=policy.as_json(),
        note=note,
    )


def _leaking(cohort: Cohort, policy: ReleasePolicy) -> list[UUID]:
    """Studies that the policy leaves out for their leaks; raises Conflict where it refuses any."""
    found = leaks_of(cohort.pk)
    if found and policy.leaks != LEAVE_OUT:
        others = ", ".join(sorted({leak.cohort for leak in found}))
        raise Conflict(
            f"{len({leak.study for leak in found})} studies are of patients who are on the other side of the "
            f"split in {others}. Leave them out, or import them there on the same side.",
            code="leak",
            details={"studies": sorted({leak.ordinal for leak in found})},
        )
    return [leak.study for leak in found]


def _counted(cohort: Cohort, manifest: Manifest, counts: Counts) -> Manifest:
    """The same, counted as it is gone through; raises at the end where that was nothing, so that nothing is
    kept."""

    def studies():  # type: ignore[no-untyped-def]
        for study in manifest.studies:
            counts.add(study)
            yield study
        if not counts.n["studies"]:
            raise _nothing(cohort, manifest)

    return replace(manifest, studies=studies())


def _nothing(cohort: Cohort, manifest: Manifest) -> HarvestError:
    if manifest.left_out:
        return NotReady(
            f"What is curated in cohort {cohort.name} ({len(manifest.left_out)} studies) is still being "
            "registered. Freeze when it is ready; the Studies page says how far it is.",
        )
    if manifest.excluded:
        return Conflict("The policy leaves no study. Ask for less.", code="nothing_left")
    return Conflict(
        f"Nothing is curated yet. Review a study of cohort {cohort.name}, or import one with its "
        "lesions, then freeze.",
        code="nothing_curated",
    )
