"""Manifests to the imaging package: case lists for trainers, and the export formats of the field."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.data.cases import Case, Mark
from detector.export.dataset import ANY_LESION, ExportBox, ExportData, ExportStudy
from detector.export.formats import FORMATS
from detector.geometry import Box3D, VolumeGeometry
from detector.volume import Volume, read_volume
from harvest import engine, store
from harvest.domain import LiverSource, ModelKind, Split, Verdict, training_role
from harvest.manifest import Entry, Manifest, nudges_of
from harvest.release_card import NAME, card_of


def _mark(box: dict[str, Any], verdict: Verdict, kind: ModelKind) -> Mark | None:
    """A lesion or a judged candidate as the trainer of `kind` sees it, None where it is left out."""
    lesion_class = box.get("lesion_class") or None
    role = training_role(verdict, kind, has_class=lesion_class is not None)
    if role.role is None:
        return None
    return Mark.model_validate(
        {
            "lo": box["lo"],
            "hi": box["hi"],
            "role": role.role,
            "primary": role.primary,
            "lesion_class": lesion_class,
            "absent_phases": box.get("absent_phases", []),
        }
    )


def case_list(manifest: Manifest, kind: ModelKind, split: Split, folder: Path) -> list[Case]:
    """The cases of one split for the trainer of `kind`; image paths are relative to `folder`.

    Studies that say nothing to this trainer (no mark, and lesions may be unmarked; for livers, no mask of
    their own) are left out.
    """
    cases = []
    for study in manifest.studies:
        if study["split"] != split:
            continue
        said = [
            (box, Verdict.PRIMARY_LESION if box["primary"] else Verdict.OTHER_LESION)
            for box in study["lesions"]
        ] + [(box, Verdict(box["verdict"])) for box in study["marks"]]
        marks = [m for box, verdict in said if (m := _mark(box, verdict, kind))]
        teaches = bool(marks) or (study["complete"] and kind is ModelKind.DETECTOR)
        if kind is ModelKind.LIVER_SEGMENTER:
            # A liver that a network found would teach the next one its mistakes.
            teaches = study.get("liver_source") == LiverSource.SUPPLIED
        if teaches:
            cases.append(_case(study, marks, folder))
    return cases


def unmarked_cases(manifest: Manifest, folder: Path) -> list[Case]:
    """Every study of a manifest as a case without marks; image paths are relative to `folder`."""
    return [_case(study, [], folder) for study in manifest.studies]


def registered_file(study: dict[str, Any], phase: str) -> Path:
    """The file of a phase as the release has it, which need not be as it is shown now."""
    nudge = nudges_of(study).get(phase, engine.NO_NUDGE)
    if not any(nudge):
        return store.root() / engine.registered_key(study["store_key"], phase)
    grid = VolumeGeometry.from_json(study["geometry"])
    return engine.ensure_registered(study["store_key"], phase, nudge, grid)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _case(study: dict[str, Any], marks: list[Mark], folder: Path) -> Case:
    return Case(
        study=study["id"],
        subject=study["subject"],
        modality=study["phases"][0]["modality"],
        reference_phase=study["reference_phase"],
        images={p["phase"]: _relative(registered_file(study, p["phase"]), folder) for p in study["phases"]},
        liver=_relative(store.root() / study["store_key"] / engine.LIVER, folder)
        if study["has_liver"]
        else None,
        lesion_class=study["lesion_class"] or None,
        complete=study["complete"],
        site=study.get("site", ""),
        marks=tuple(marks),
    )


def image_name(study: str, phase: str) -> str:
    """Where an export keeps a phase, relative to the exported file."""
    return f"images/{study}/{phase}.nii.gz"


@dataclass(frozen=True, slots=True)
class _Exported:
    """The studies of a manifest as the formats take them, made one by one whenever they are walked."""

    manifest: Manifest
    seen: Callable[[], None]

    def __iter__(self) -> Iterator[ExportStudy]:
        for study in self.manifest.studies:
            self.seen()
            yield _export_study(study)


def _export_study(study: Entry) -> ExportStudy:
    return ExportStudy(
        id=study["id"],
        subject=study["subject"],
        split=study["split"],
        reference_phase=study["reference_phase"],
        geometry=VolumeGeometry.from_json(study["geometry"]),
        images={p["phase"]: image_name(study["id"], p["phase"]) for p in study["phases"]},
        boxes=tuple(_export_box(study, lesion) for lesion in study["lesions"]),
        nudges_mm=nudges_of(study),
    )


def _export_box(study: dict[str, Any], lesion: dict[str, Any]) -> ExportBox:
    # The study's pathology is that of its primary lesion.
    known = lesion["lesion_class"] or (study["lesion_class"] if lesion["primary"] else "")
    return ExportBox(
        id=lesion["id"],
        box=Box3D(tuple(lesion["lo"]), tuple(lesion["hi"])),
        category=known or ANY_LESION,
        primary=lesion["primary"],
        absent_phases=tuple(lesion["absent_phases"]),
    )


def export_release(
    manifest: Manifest,
    format: str,
    info: Mapping[str, Any],
    out: Path,
    *,
    images: bool = False,
    tell: Callable[[str, int], None] = lambda stage, done: None,
) -> None:
    """Fills an empty folder with a release in one of detector.export.formats.FORMATS, and reads it back with
    a reader of the format before it may be used.

    Args:
        images: with the registered phases, which some formats need; else boxes by reference.
        tell: is told how many studies were walked, while writing and while checking.

    Raises:
        ExportError: what was read back differs, or the format needs images and gets none.
        NotFound, ReadError: a study is no longer in the store, or damaged.
        OSError: a file cannot be written.
    """
    stage, walked = "writing", 0

    def seen() -> None:
        nonlocal walked
        walked += 1
        tell(stage, walked)

    volume = _Volumes(manifest).volume if images else None
    data = ExportData(_Exported(manifest, seen), info, volume)
    FORMATS[format].write(data, out)
    stage, walked = "checking", 0
    FORMATS[format].check(data, out)
    if sum(p.is_file() for p in out.rglob("*")) > 1:  # one file alone is easier to use than an archive of two
        (out / NAME).write_text(card_of(manifest, data.studies, info), newline="\n")


def card_text(manifest: Manifest, info: Mapping[str, Any]) -> str:
    """The data card of a release in Markdown."""
    return card_of(manifest, _Exported(manifest, lambda: None), info)


class _Volumes:
    """The registered phases of a manifest's studies, by their ids."""

    def __init__(self, manifest: Manifest) -> None:
        kept = ("store_key", "geometry", "phases")
        self._studies = {study["id"]: {key: study[key] for key in kept} for study in manifest.studies}

    def volume(self, study: str, phase: str) -> Volume:
        """A phase as the release has it, memory-mapped; raises NotFound, ReadError."""
        return read_volume(registered_file(self._studies[study], phase))
