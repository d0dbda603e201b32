"""A small release for the tests of the formats: two subjects in the pool, one in gold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from detector.export.dataset import ExportBox, ExportData, ExportStudy
from detector.export.formats import FORMATS
from detector.geometry import Box3D, VolumeGeometry, VoxelBox
from detector.volume import Volume

GRID = VolumeGeometry((8, 24, 28), (0.75, 0.8, 5.0), (-120.5, -90.25, 300.0), "1.2.3")
INFO = {
    "cohort": "Liver 2020",
    "release": 7,
    "manifest_sha256": "ab" * 32,
    "frozen_at": "2026-03-04",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
    "description": "Liver lesions on multiphase CT.",
}


def edges(lo_zyx: tuple[float, float, float], hi_zyx: tuple[float, float, float]) -> Box3D:
    return GRID.box_from_voxels(VoxelBox(lo_zyx, hi_zyx))


def study(id: str, *boxes: ExportBox, subject: str = "", split: str = "pool", **more: object) -> ExportStudy:
    phases = more.pop("phases", ("arterial", "portal_venous"))
    images = {p: f"images/{id}/{p}.nii.gz" for p in phases}  # type: ignore[attr-defined]
    return ExportStudy(
        id,
        subject or f"S-{id}",
        split,
        "portal_venous",
        GRID,
        images,
        boxes,
        **more,  # type: ignore[arg-type]
    )


def studies() -> list[ExportStudy]:
    """One with two lesions that do not touch, one with none, one whose boxes overlap and lie between voxels,
    and one of gold."""
    return [
        study(
            "a1",
            ExportBox("l1", edges((2, 4, 5), (5, 12, 14)), "hcc", True, ("arterial",)),
            ExportBox("l2", edges((6, 15, 17), (7, 18, 22)), "cyst"),
            subject="S1",
            nudges_mm={"arterial": (1.5, 0.0, -2.25)},
        ),
        study("a2", subject="S1", phases=("portal_venous",)),
        study(
            "b1",
            ExportBox("l3", edges((1.2, 3.7, 4.4), (6.1, 18.2, 20.3)), "metastasis", True),
            ExportBox("l4", edges((2, 6, 8), (4, 10, 12))),
            subject="S2",
            phases=("arterial", "delayed", "portal_venous"),
        ),
        study("c1", ExportBox("l5", edges((1, 1, 1), (3, 4, 6)), "fnh", True), subject="S3", split="gold"),
    ]


def voxels(study: str, phase: str) -> Volume:
    """int16 HU that depend on the study and the phase."""
    seed = int(hashlib.sha256(f"{study} {phase}".encode()).hexdigest()[:8], 16)
    noise = np.random.default_rng(seed).integers(-1000, 400, GRID.shape_zyx)
    return Volume(noise.astype(np.int16), GRID)


def by_reference() -> ExportData:
    return ExportData(studies(), INFO)


def with_images() -> ExportData:
    return ExportData(studies(), INFO, voxels)


def exported(name: str, data: ExportData, out: Path) -> Path:
    """The folder, written and checked."""
    out.mkdir(parents=True)
    FORMATS[name].write(data, out)
    FORMATS[name].check(data, out)
    return out


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file by its name."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
