"""DICOM SEG: an object a study, STUDY/seg.dcm, with a segment a lesion: its box, filled, on the slices of the
reference phase.

It refers to the slices of a CT whose UIDs are derived from the release (dicom_ct.py); with voxels that CT is
written beside it. A lesion's id is its segment's tracking id, its class the segment's type. Studies without a
lesion have no object, since DICOM knows no segmentation without segments; boxes.csv lists every study.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import FileDataset
from pydicom.sr.codedict import codes
from scipy import ndimage

from detector.export.csv_boxes import FILE as TABLE
from detector.export.csv_boxes import check_table, write_table
from detector.export.dataset import (
    ExportBox,
    ExportData,
    ExportError,
    ExportStudy,
    check_read_back,
    on_voxels,
)
from detector.export.dicom_codes import CATEGORY, LIVER, class_code, class_of
from detector.export.dicom_ct import (
    MANUFACTURER,
    MODEL,
    as_volume,
    check_series,
    derived_uid,
    frozen_date,
    headers,
    with_series,
    write_series,
)
from detector.export.plan import case_name
from detector.geometry import VoxelBox

FILE = "seg.dcm"
_SERIES_NUMBER = 100  # after those of the phases
_NOT_SEEN = "; not visible in "


def write(data: ExportData, out: Path) -> None:
    """The segmentations, the table and, where there are voxels, the CT.

    Raises:
        ExportError: something that DICOM cannot hold.
        OSError: a file cannot be written.
    """
    for study in data.studies:
        write_series(data, study, out)
        if study.boxes:
            folder = out / case_name(study)
            folder.mkdir(exist_ok=True)
            segmentation(study, data.info).save_as(folder / FILE, enforce_file_format=True)
    write_table(placed(data), out / TABLE)


def placed(data: ExportData) -> Iterator[ExportStudy]:
    """The studies with their images where they lie in an export of DICOM."""
    return (replace(s, images=with_series(data, s)) for s in data.studies)


def reference_slices(study: ExportStudy, info: Mapping[str, Any]) -> tuple[int, list[FileDataset]]:
    """The slices of the reference phase from the lowest to the highest that a box covers, and the first's
    index."""
    covered = [study.geometry.slices_from_box(b.box)[0] for b in study.boxes]
    first, last = min(s.start for s in covered), max(s.stop for s in covered)
    return first, list(headers(study, info, study.reference_phase, range(first, last)))


def segmentation(study: ExportStudy, info: Mapping[str, Any]) -> Segmentation:
    """The object of a study that has boxes, the same bytes whenever it is made."""
    first, slices = reference_slices(study, info)
    seg = Segmentation(
        source_images=slices,
        pixel_array=_frames(study, first, len(slices)),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(b, n, study, info) for n, b in enumerate(study.boxes, start=1)],
        series_instance_uid=derived_uid(info, study.id, "segmentation series"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=derived_uid(info, study.id, "segmentation"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions="1",
        device_serial_number="0",
        content_label="LESIONS",
        content_description="Boxes of liver lesions, filled",
        series_description="Liver lesions",
        content_date=frozen_date(info),
        content_time="000000",
    )
    fix_times(seg, info)
    organisation = derived_uid(info, study.id, "dimension organization")
    seg.DimensionOrganizationSequence[0].DimensionOrganizationUID = organisation
    for index in seg.DimensionIndexSequence:
        index.DimensionOrganizationUID = organisation
    return seg


def fix_times(dataset: Any, info: Mapping[str, Any]) -> None:
    """Puts the day of the release where highdicom put the time of writing."""
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = frozen_date(info), "000000"
    for equipment in dataset.ContributingEquipmentSequence:
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = frozen_date(info) + "000000"


def _frames(study: ExportStudy, first: int, count: int) -> npt.NDArray[np.uint8 | np.uint16]:
    """Numbers of segments (Z, Y, X) where no boxes overlap, else (Z, Y, X, segment) of 0 and 1."""
    _, height, width = study.geometry.shape_zyx
    places = []
    for box in study.boxes:
        z, y, x = study.geometry.slices_from_box(box.box)
        places.append((slice(z.start - first, z.stop - first), y, x))
    labels = np.zeros((count, height, width), np.uint16)
    for number, place in enumerate(places, start=1):
        if labels[place].any():
            break
        labels[place] = number
    else:
        return labels
    stacked = np.zeros((count, height, width, len(places)), np.uint8)
    for number, place in enumerate(places):
        stacked[(*place, number)] = 1
    return stacked


def _described(
    box: ExportBox, number: int, study: ExportStudy, info: Mapping[str, Any]
) -> SegmentDescription:
    concept = class_code(box.category)
    described = SegmentDescription(
        segment_number=number,
        segment_label=f"Lesion {number}: {concept.meaning}"[:64],
        segmented_property_category=CATEGORY,
        segmented_property_type=concept,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="Box proposed by a detector or drawn, judged by a reader",
            family=codes.DCM.ArtificialIntelligence,
            version=str(info.get("release", "")) or "0",
        ),
        tracking_uid=derived_uid(info, study.id, "lesion", box.id),
        tracking_id=box.id,
        anatomic_regions=[LIVER],
    )
    described.SegmentDescription = ("primary" if box.primary else "other") + (
        _NOT_SEEN + " ".join(box.absent_phases) if box.absent_phases else ""
    )
    return described


def check(data: ExportData, out: Path) -> None:
    """Reads the objects with highdicom and takes each segment's extent in mm.

    Raises:
        ExportError: something differs.
        OSError: a file cannot be read.
    """
    check_table(placed(data), out / TABLE)
    check_objects(data, out, FILE)
    check_read_back((on_voxels(s) for s in data.studies), (_read(s, data, out) for s in data.studies))


def check_objects(data: ExportData, out: Path, file: str) -> None:
    """Raises ExportError where there are objects of other studies than those with a lesion."""
    there = {p.parent.name for p in out.glob(f"*/{file}")}
    if there != {s.id for s in data.studies if s.boxes}:
        raise ExportError("The export does not hold the studies of the release.")


def _read(study: ExportStudy, data: ExportData, out: Path) -> ExportStudy:
    check_series(data, study, out)
    if not study.boxes:
        return study
    try:
        seg = hd.seg.segread(out / case_name(study) / FILE)
        if seg.PatientID != study.subject or seg.StudyInstanceUID != derived_uid(data.info, study.id):
            raise ExportError("A segmentation is of another study.", details={"study": study.id})
        boxes = tuple(_box(seg, number) for number in seg.segment_numbers)
    except (ValueError, AttributeError, KeyError, RuntimeError) as error:
        raise ExportError("highdicom cannot read a segmentation.", details={"study": study.id}) from error
    return replace(study, boxes=boxes)


def _box(seg: Segmentation, number: int) -> ExportBox:
    described = seg.get_segment_description(number)
    # Between the slices of one object no lesion need be, so positions may lack frames.
    read = seg.get_volume(segment_numbers=[number], allow_missing_positions=True)
    volume = as_volume(read.array[..., 0], np.asarray(read.affine))
    (seen,) = ndimage.find_objects(volume.array_zyx.astype(np.uint8), max_label=1)
    if seen is None:
        raise ValueError("a segment has no voxel")
    edges = VoxelBox(tuple(s.start for s in seen), tuple(s.stop for s in seen))
    role, _, absent = str(described.SegmentDescription).partition(_NOT_SEEN)
    return ExportBox(
        id=str(described.tracking_id),
        box=volume.geometry.box_from_voxels(edges),
        category=class_of(described.segmented_property_type),
        primary=role == "primary",
        absent_phases=tuple(absent.split()),
    )
