"""Whether what the database says and what the store holds agree: after a restore, an upgrade, a bad night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from harvest import store
from harvest.domain import ENDED, JobState, PreparationState
from harvest.models import DatasetRelease, DeviceLease, HarvestRound, ModelVersion, ReleaseExport, Study
from harvest.selectors.releases import manifest_key
from harvest.selectors.rounds import counted


class Mismatch(NamedTuple):
    """What does not agree; ids alone, nothing of a patient."""

    what: str
    id: str
    about: str


def mismatches() -> Iterator[Mismatch]:
    """Every study without its folder, version and release whose file is gone or changed, here or in the
    bucket, round whose counts are wrong, and lease of a training that has ended. Raises StoreUnreachable."""
    for study in Study.objects.filter(preparation=PreparationState.READY).only("pk", "store_key").iterator():
        if not (store.root() / study.store_key / "registered").is_dir():
            yield Mismatch("study", str(study.pk), "its volumes are not in the store")
    for version in ModelVersion.objects.all():
        if problem := _wrong(version.store_key, version.weights_sha256):
            yield Mismatch("model version", version.name, problem)
    for release in DatasetRelease.objects.all():
        if problem := _wrong(manifest_key(release.manifest_sha256), release.manifest_sha256):
            yield Mismatch("release", str(release.pk), problem)
    for row in HarvestRound.objects.all():
        for name, count in counted(row.pk).items():
            if getattr(row, name) != count:
                yield Mismatch("round", str(row.pk), f"{name} says {getattr(row, name)}, there are {count}")
    for lease in DeviceLease.objects.filter(run__state__in=ENDED):
        yield Mismatch("lease", str(lease.pk), "its training has ended")


def _wrong(key: str, sha256: str) -> str | None:
    here, shared = store.root() / key, store.in_bucket(key)
    if not here.is_file() and not shared:
        return "its file is not in the store"
    if here.is_file() and store.digest(here) != sha256:
        return "its file is not what it was"
    found = store.digest_in_bucket(key) if shared else sha256
    if found is None:
        return "its file is not in the bucket"
    return None if found == sha256 else "its file in the bucket is not what it was"


def shared_keys() -> set[str]:
    """The keys of all rows whose files lie in the bucket, where there is one."""
    keys = {*ModelVersion.objects.values_list("store_key", flat=True)}
    frozen = DatasetRelease.objects.values_list("manifest_sha256", flat=True)
    keys |= {manifest_key(sha256) for sha256 in frozen}
    keys |= {*ReleaseExport.objects.filter(state=JobState.SUCCEEDED).values_list("store_key", flat=True)}
    return {key for key in keys if store.in_bucket(key)}
