"""Whole slices of a study, for the look round a candidate: rendered once a window, for all phases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from detector.contracts import StudyImages
from harvest import engine, store
from harvest.errors import HarvestError, NotFound
from harvest.models import Study
from harvest.rendering import Window, render_whole, window_range_hu
from harvest.services.rendered import made_once


def _study_folder(study: UUID) -> str:
    return f"slices/{study}"


def _slice_folder(study: Study, window: Window, z_index: int) -> str:
    return f"{_study_folder(study.pk)}/{window}-{study.image_revision}/{z_index}"


def drop_slices(*, study: Study) -> None:
    """Removes the whole slices of a study whose image has changed."""
    store.delete_folder(_study_folder(study.pk))


def render_slices(*, study: Study, images: StudyImages, z_indices: Iterable[int], window: Window) -> None:
    """Renders slices of every phase; those that are there stay and cost nothing."""
    keys = {z: _slice_folder(study, window, z) for z in z_indices}
    wanted = {z: key for z, key in keys.items() if not (store.root() / key).exists()}
    if not wanted:
        return
    shown = {phase: window_range_hu(window, v.array_zyx) for phase, v in images.volumes.items()}
    for z, key in wanted.items():
        with store.new_folder(key) as folder:
            for phase, volume in images.volumes.items():
                (folder / f"{phase}.webp").write_bytes(render_whole(volume.array_zyx[z], shown[phase]))


def slice_path(*, study: Study, phase: str, z_index: int, window: Window) -> Path:
    """The file of a slice, rendered now if nobody asked for it before.

    Raises:
        NotFound: code phase_absent where the study has no such phase.
        HarvestError: code outside where the volume has no such slice.
    """
    if phase not in {s.phase for s in study.series.all()}:
        raise NotFound(f"The study has no {phase} phase.", code="phase_absent")
    slices = engine.geometry_of(study).shape_zyx[0]
    if z_index >= slices:
        raise HarvestError(
            f"The volume has {slices} slices. Ask for slices within them.",
            code="outside",
            details={"slices": slices},
        )

    def make() -> None:
        render_slices(study=study, images=engine.study_images(study), z_indices=[z_index], window=window)

    return made_once(f"{_slice_folder(study, window, z_index)}/{phase}.webp", make=make)
