"""Tiles of candidates: rendered once a window, for all phases, into the store."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from detector.contracts import StudyImages
from detector.geometry import VolumeGeometry
from harvest import engine, store
from harvest.errors import NotFound
from harvest.models import Candidate
from harvest.rendering import Window, render, tile_of, window_range_hu


def tile_folder(candidate: UUID, window: Window | None = None) -> str:
    """The store key of a candidate's tiles, of one window or all."""
    return f"tiles/{candidate}/{window}" if window else f"tiles/{candidate}"


def render_tiles(
    *, candidate: Candidate, images: StudyImages, geometry: VolumeGeometry, window: Window
) -> None:
    """Renders every phase of a candidate in one window; tiles that are there stay."""
    tile = tile_of(geometry, candidate.box, candidate.key_z_index)
    with store.new_folder(tile_folder(candidate.pk, window)) as folder:
        for phase, volume in images.volumes.items():
            shown = window_range_hu(window, volume.array_zyx)
            (folder / f"{phase}.webp").write_bytes(render(volume.array_zyx, geometry, tile, shown))


def tile_path(*, candidate: Candidate, phase: str, window: Window) -> Path:
    """The file of a tile, rendered now if nobody asked for this window before.

    Raises:
        NotFound: code phase_absent where the study has no such phase.
    """
    study = candidate.round_study.study
    if phase not in {s.phase for s in study.series.all()}:
        raise NotFound(f"The study has no {phase} phase.", code="phase_absent")
    key = f"{tile_folder(candidate.pk, window)}/{phase}.webp"
    if not (store.root() / key).exists():
        images = engine.study_images(study)
        render_tiles(candidate=candidate, images=images, geometry=engine.geometry_of(study), window=window)
    return store.path(key)
