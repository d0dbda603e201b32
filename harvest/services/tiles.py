"""Tiles of candidates: rendered once a window, for all phases, into the store."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from detector.contracts import StudyImages
from detector.geometry import VolumeGeometry
from harvest import engine, store
from harvest.errors import NotFound
from harvest.models import Candidate, Study
from harvest.rendering import Window, render, tile_of, window_range_hu


def tile_folder(candidate: UUID) -> str:
    """The store key of all tiles of a candidate."""
    return f"tiles/{candidate}"


def _window_folder(candidate: UUID, window: Window, revision: int) -> str:
    """The store key of a candidate's tiles in one window, of one revision of its study's images."""
    return f"{tile_folder(candidate)}/{window}" + (f"-{revision}" if revision else "")


def drop_tiles(*, study: Study) -> None:
    """Removes the tiles of a study whose image has changed; they are rendered anew when asked for."""
    for id in Candidate.objects.filter(round_study__study=study).values_list("pk", flat=True):
        store.delete_folder(tile_folder(id))


def render_tiles(
    *, candidate: Candidate, images: StudyImages, geometry: VolumeGeometry, window: Window, revision: int
) -> None:
    """Renders every phase of a candidate in one window; tiles that are there stay. `revision` is that of the
    images (Study.image_revision)."""
    tile = tile_of(geometry, candidate.box, candidate.key_z_index)
    with store.new_folder(_window_folder(candidate.pk, window, revision)) as folder:
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
    revision = study.image_revision
    key = f"{_window_folder(candidate.pk, window, revision)}/{phase}.webp"
    if not (store.root() / key).exists():
        render_tiles(
            candidate=candidate,
            images=engine.study_images(study),
            geometry=engine.geometry_of(study),
            window=window,
            revision=revision,
        )
    return store.path(key)
