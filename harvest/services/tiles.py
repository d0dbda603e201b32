"""Pictures of candidates: rendered once a window, for all phases, into the store.

The key slice comes as a small picture of its own, so that it is on the screen first, and its neighbours as
one strip. The round renders both in the liver window before anybody sees the candidate; the other windows
are made when they are first asked for.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from uuid import UUID

from detector.contracts import StudyImages
from detector.geometry import VolumeGeometry
from harvest import engine, store
from harvest.errors import NotFound
from harvest.models import Candidate, Study
from harvest.rendering import Window, render, tile_of, window_range_hu
from harvest.services.rendered import made_once
from harvest.services.whole_slices import drop_slices


class Part(StrEnum):
    """What of a tile is in a picture: its key slice, or all the others below each other."""

    KEY = "key"
    NEIGHBOURS = "neighbours"


def tile_folder(candidate: UUID) -> str:
    """The store key of all tiles of a candidate."""
    return f"tiles/{candidate}"


def _part_folder(candidate: UUID, window: Window, revision: int, part: Part) -> str:
    """The store key of one part of a candidate in one window, of one revision of its study's images."""
    return f"{tile_folder(candidate)}/{window}-{revision}-{part}"


def drop_tiles(*, study: Study) -> None:
    """Removes the pictures of a study whose image has changed; they are rendered anew when asked for."""
    for id in Candidate.objects.filter(round_study__study=study).values_list("pk", flat=True):
        store.delete_folder(tile_folder(id))
    drop_slices(study=study)


def render_tiles(
    *,
    candidate: Candidate,
    images: StudyImages,
    geometry: VolumeGeometry,
    window: Window,
    revision: int,
    part: Part,
) -> None:
    """Renders every phase of a part of a candidate in one window; what is there stays. `revision` is that of
    the images (Study.image_revision)."""
    tile = tile_of(geometry, candidate.box, candidate.key_z_index)
    z_indices = [tile.key_z_index] if part is Part.KEY else tile.neighbour_z_indices
    if not z_indices:
        return
    with store.new_folder(_part_folder(candidate.pk, window, revision, part)) as folder:
        for phase, volume in images.volumes.items():
            shown = window_range_hu(window, volume.array_zyx)
            picture = render(volume.array_zyx, geometry, tile, z_indices, shown)
            (folder / f"{phase}.webp").write_bytes(picture)


def tile_path(*, candidate: Candidate, phase: str, window: Window, part: Part) -> Path:
    """The file of a part of a tile, rendered now if nobody asked for it before.

    Raises:
        NotFound: code phase_absent where the study has no such phase; store_missing for the neighbours of
            the only slice of a volume.
    """
    study = candidate.round_study.study
    if phase not in {s.phase for s in study.series.all()}:
        raise NotFound(f"The study has no {phase} phase.", code="phase_absent")
    revision = study.image_revision

    def make() -> None:
        render_tiles(
            candidate=candidate,
            images=engine.study_images(study),
            geometry=engine.geometry_of(study),
            window=window,
            revision=revision,
            part=part,
        )

    key = f"{_part_folder(candidate.pk, window, revision, part)}/{phase}.webp"
    return made_once(key, make=make)
