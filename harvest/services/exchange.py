"""Model versions taken over from another installation, and given to one, with where they come from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest import store
from harvest.errors import Conflict
from harvest.exchange import SUFFIX, own_fingerprint, read_version, write_version
from harvest.models import DatasetRelease, ModelVersion, TrustedInstallation
from harvest.selectors.versions import version
from harvest.services.versions import register_version

# What is not told to others: names of this house's cohorts stay here.
_OWN = ("cohort",)


def export_version(*, version_id: UUID, out: Path | IO[bytes]) -> str:
    """Writes a version as a signed file; returns the file's usual name.

    Raises:
        NotFound: there is no such version, or its weights are gone.
    """
    row = version(version_id)
    provenance = {key: value for key, value in row.provenance.items() if key not in _OWN}
    told = {
        "name": row.name,
        "kind": row.kind,
        "registry_name": row.registry_name,
        "weights_sha256": row.weights_sha256,
        "plan": row.plan,
        "metrics": row.metrics,
        "provenance": provenance | {"data": _data(row)},
        "release_sha256": row.release.manifest_sha256 if row.release else None,
        "parent_weights_sha256": row.parent.weights_sha256 if row.parent else None,
        "made_at": row.created_at.isoformat(),
    }
    write_version(out, told, store.path(row.store_key))
    return f"{row.name}{SUFFIX}"


def import_version(
    *, source: Path | IO[bytes], owner: User | None = None, trust: str = ""
) -> tuple[ModelVersion, list[dict[str, Any]]]:
    """Takes over a version, which is not used before the gate or a person lets it; returns it with what was
    checked of where it comes from, [{"what", "holds"}].

    `trust` is the fingerprint of a sender not known yet, compared by a person over another way; who was
    trusted once is known from then on.

    Raises:
        BadVersionFile: it is not such a file, or was changed after it was signed.
        Conflict: code unknown_sender, whose details name the fingerprint; code known_version where the same
            weights are here.
        PlanError, UnknownNameError: the weights are none, or of a family that is not registered here.
        StorageFull: the disk is full.
    """
    store.require_space(0)
    with tempfile.TemporaryDirectory(dir=store.root()) as folder:
        weights = Path(folder) / "weights.safetensors"
        told, signer = read_version(source, weights)
        store.require_space(weights.stat().st_size)
        with transaction.atomic():
            _know(signer, trust.strip(), owner)
            if there := ModelVersion.objects.filter(weights_sha256=told["weights_sha256"]).first():
                raise Conflict(f"These weights are here already, as {there.name}.", code="known_version")
            release = DatasetRelease.objects.filter(manifest_sha256=told.get("release_sha256") or "-").first()
            parent = ModelVersion.objects.filter(
                weights_sha256=told.get("parent_weights_sha256") or "-"
            ).first()
            checks = [
                {"what": "The file is as its sender signed it.", "holds": True},
                {"what": "The weights are those that the sender named.", "holds": True},
                {"what": "The release that it learned from is here.", "holds": release is not None},
                {"what": "The version that it was trained from is here.", "holds": parent is not None},
            ]
            made = register_version(
                weights=weights,
                metrics={"elsewhere": told.get("metrics", {})},
                provenance={
                    **told.get("provenance", {}),
                    "imported": {
                        "signer": signer,
                        "name": told.get("name"),
                        "made_at": told.get("made_at"),
                        "release_sha256": told.get("release_sha256"),
                        "parent_weights_sha256": told.get("parent_weights_sha256"),
                        "by": owner.get_username() if owner else "",
                        "checks": checks,
                    },
                },
                parent=parent,
                release=release,
                used_if_first=False,
            )
    return made, checks


def _know(signer: str, trust: str, owner: User | None) -> None:
    if signer == own_fingerprint() or TrustedInstallation.objects.filter(fingerprint=signer).exists():
        return
    if trust != signer:
        raise Conflict(
            f"This file was signed by {signer}, which is not known here. Ask its sender for the fingerprint "
            "of their Harvest over another way, and import it again with that.",
            code="unknown_sender",
            details={"fingerprint": signer},
        )
    TrustedInstallation.objects.create(fingerprint=signer, owner=owner)


def _data(row: ModelVersion) -> str:
    if row.release:
        return f"A release of another Harvest ({row.release.manifest_sha256})."
    return str(row.provenance.get("data", ""))
