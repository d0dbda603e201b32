"""HCC-TACE-Seg of TCIA: PATIENT/STUDY/SERIES of DICOM, with a segmentation object as a series of its own.

The object names the series it was drawn on (segments Liver, Mass, Portal vein, Abdominal aorta). Its lesions
are hepatocellular carcinomas. Studies after the treatment have no segmentation and are left out by name.
The collection does not say which phase the segmented series is: `--phase` says it, else a person is asked.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from detector.datasets.contract import Asked, wrong_layout
from detector.errors import ReadError
from detector.ingest.dicom_file import is_dicom
from detector.ingest.dicom_seg import Segmentation, SegmentMask, read_segmentation
from detector.ingest.discover import discover
from detector.ingest.drawn import DrawnLesions
from detector.ingest.found import (
    DicomSource,
    Discovery,
    FoundSeries,
    FoundStudy,
    Refusal,
    sha256_text,
)
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals

_LIVER = re.compile(r"liver", re.IGNORECASE)


def find(root: Path, asked: Asked) -> Discovery:
    """The studies that have a segmentation."""
    discovery = discover(root)
    refusals = Refusals(root)
    objects, places = _segmentations(root, discovery.refused, refusals)
    if not objects and not places:
        raise wrong_layout("HCC-TACE-Seg", "HCC_001 and the others, each with its Segmentation series")
    studies = []
    for study in discovery.studies:
        drawn = objects.get(study.key)
        if drawn is None:
            refusals.add(
                root / study.relative_path,
                "no_segmentation",
                "The study has no segmentation.",
                "Import it with import_studies, if it is wanted.",
                routine=True,
            )
            continue
        try:
            studies.append(_with_lesions(study, drawn, asked.phase))
        except ReadError as error:
            refusals.add_error(drawn.path, error)
    others = [r for r in discovery.refused if r.code != "segmentation"]
    numbered = [replace(r, ordinal=n) for n, r in enumerate([*others, *refusals.listed()], start=1)]
    return Discovery(studies, numbered)


def _segmentations(
    root: Path, refused: list[Refusal], refusals: Refusals
) -> tuple[dict[str, Segmentation], list[Path]]:
    """Segmentations by the key of their study, and the folders they were looked for in."""
    folders = sorted({(root / r.relative_path).parent for r in refused if r.code == "segmentation"})
    found: dict[str, Segmentation] = {}
    for path in (p for folder in folders for p in sorted(folder.iterdir()) if is_dicom(p)):
        try:
            drawn = read_segmentation(path)
        except ReadError as error:
            refusals.add_error(path, error)
            continue
        if drawn and found.setdefault(sha256_text(drawn.study_uid), drawn).path != path:
            refusals.add(
                path,
                "twice",
                "The study has another segmentation, which was taken.",
                "Move the one that is not wanted.",
            )
    return found, folders


def _with_lesions(study: FoundStudy, drawn: Segmentation, phase: str | None) -> FoundStudy:
    on = [s for s in study.acquisitions if _series_uid(s) == drawn.series_uid]
    if len(on) != 1:
        raise unreadable(
            "no_series",
            f"The series that the segmentation was drawn on is here {len(on)} times, not once.",
            "Download the whole study again.",
        )
    (series,) = on
    tumours = drawn.tumours
    liver = tuple(n for n, label in drawn.segments.items() if _LIVER.search(label)) + tumours
    if not tumours:
        raise unreadable(
            "no_tumour",
            f"No segment is a tumour: {', '.join(sorted(drawn.segments.values())) or 'none'}.",
            "A segment called Mass, Tumor or Lesion is looked for.",
        )
    source: DicomSource = series.source  # type: ignore[assignment]
    return replace(
        study,
        acquisitions=[_in_phase(s, series, phase) for s in study.acquisitions],
        lesions=DrawnLesions(
            (SegmentMask(drawn.path, tumours, source.slices),),
            ("hcc",),
            lesion_class="hcc",
            series=series.key,
        ),
        liver_mask=SegmentMask(drawn.path, liver, source.slices),
    )


def _in_phase(series: FoundSeries, drawn_on: FoundSeries, phase: str | None) -> FoundSeries:
    """The segmented series is the phase that was said; another one that claims it is left without."""
    if phase is None:
        return series
    if series is drawn_on:
        return replace(series, phase_hint=phase)
    return replace(series, phase_hint=None) if series.phase_hint == phase else series


def _series_uid(series: FoundSeries) -> str:
    return series.source.slices[0].series_uid if isinstance(series.source, DicomSource) else ""
