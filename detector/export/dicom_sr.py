"""DICOM SR (TID 1500): a report a study, STUDY/sr.dcm, with a group of measurements (TID 1411) a lesion.

A lesion is an ellipsoid in patient coordinates (SCOORD3D, mm, LPS) that touches the six faces of its box, so
the box is exact whatever the voxels; width (x), depth (y), length (z) and the longest of them as diameter are
measurements in mm. It refers to the series of the reference phase, whose UIDs are derived from the release
(dicom_ct.py); with voxels that CT is written beside it. Studies without a lesion have no report; boxes.csv
lists every study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues3D,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumeSurface,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.sr.codedict import codes

from detector.errors import GeometryError
from detector.export.csv_boxes import FILE as TABLE
from detector.export.csv_boxes import check_table, write_table
from detector.export.dataset import (
    TOLERANCE_MM,
    ExportBox,
    ExportData,
    ExportError,
    ExportStudy,
    check_read_back,
)
from detector.export.dicom_codes import (
    CLASS,
    LESION,
    LIVER,
    NOT_SEEN,
    OTHER,
    PRIMARY,
    ROLE,
    class_code,
    class_of,
    phase_code,
)
from detector.export.dicom_ct import MANUFACTURER, MODEL, check_series, derived_uid, frozen_date, write_series
from detector.export.dicom_seg import check_objects, fix_times, placed, reference_slices
from detector.export.plan import case_name
from detector.geometry import Box3D

FILE = "sr.dcm"
_SERIES_NUMBER = 101  # after those of the phases and a segmentation
_SIDES = (codes.SCT.Width, codes.SCT.Depth, codes.SCT.Length)
_LONGEST = codes.SCT.Diameter


def write(data: ExportData, out: Path) -> None:
    """The reports, the table and, where there are voxels, the CT.

    Raises:
        ExportError: something that DICOM cannot hold.
        OSError: a file cannot be written.
    """
    for study in data.studies:
        write_series(data, study, out)
        if study.boxes:
            folder = out / case_name(study)
            folder.mkdir(exist_ok=True)
            report(study, data.info).save_as(folder / FILE, enforce_file_format=True)
    write_table(placed(data), out / TABLE)


def report(study: ExportStudy, info: Mapping[str, Any]) -> Comprehensive3DSR:
    """The report of a study that has boxes, the same bytes whenever it is made."""
    _, slices = reference_slices(study, info)
    device = DeviceObserverIdentifyingAttributes(
        uid=derived_uid(info, "device"), name=MODEL, manufacturer_name=MANUFACTURER, model_name=MODEL
    )
    content = MeasurementReport(
        observation_context=ObservationContext(
            observer_device_context=ObserverContext(codes.DCM.Device, device)
        ),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[_group(box, study, info) for box in study.boxes],
        title=codes.DCM.ImagingMeasurementReport,
    )
    sr = Comprehensive3DSR(
        evidence=slices,
        content=content,
        series_instance_uid=derived_uid(info, study.id, "report series"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=derived_uid(info, study.id, "report"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=True,
        series_description="Liver lesions",
        content_date=frozen_date(info),
        content_time="000000",
    )
    fix_times(sr, info)
    return sr


def _group(
    box: ExportBox, study: ExportStudy, info: Mapping[str, Any]
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    sizes = [*zip(_SIDES, box.box.size_mm, strict=True), (_LONGEST, max(box.box.size_mm))]
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(derived_uid(info, study.id, "lesion", box.id), box.id),
        referenced_volume_surface=VolumeSurface(
            graphic_type=GraphicTypeValues3D.ELLIPSOID,
            graphic_data=_axes(box.box),
            frame_of_reference_uid=derived_uid(info, study.id, "frame of reference"),
            source_series=SourceSeriesForSegmentation(derived_uid(info, study.id, study.reference_phase)),
        ),
        finding_type=LESION,
        finding_sites=[FindingSite(LIVER)],
        measurements=[Measurement(name, round(mm, 6), codes.UCUM.Millimeter) for name, mm in sizes],
        qualitative_evaluations=[
            QualitativeEvaluation(CLASS, class_code(box.category)),
            QualitativeEvaluation(ROLE, PRIMARY if box.primary else OTHER),
            *(QualitativeEvaluation(NOT_SEEN, phase_code(phase)) for phase in box.absent_phases),
        ],
    )


def _axes(box: Box3D) -> npt.NDArray[np.float64]:
    """The ends of the three axes of the ellipsoid in a box, (6, 3): x, y, z, in mm."""
    ends = np.tile(np.array(box.centre_mm), (6, 1))
    for axis in range(3):
        ends[2 * axis, axis], ends[2 * axis + 1, axis] = box.lo[axis], box.hi[axis]
    return ends


def check(data: ExportData, out: Path) -> None:
    """Reads the reports with highdicom, and compares boxes and measurements in mm.

    Raises:
        ExportError: something differs.
        OSError: a file cannot be read.
    """
    check_table(placed(data), out / TABLE)
    check_objects(data, out, FILE)
    check_read_back(data.studies, (_read(s, data, out) for s in data.studies))


def _read(study: ExportStudy, data: ExportData, out: Path) -> ExportStudy:
    check_series(data, study, out)
    if not study.boxes:
        return study
    try:
        sr = hd.sr.srread(out / case_name(study) / FILE)
        if sr.PatientID != study.subject or sr.StudyInstanceUID != derived_uid(data.info, study.id):
            raise ExportError("A report is of another study.", details={"study": study.id})
        content: Any = sr.content  # a MeasurementReport, which its type does not say
        groups = content.get_volumetric_roi_measurement_groups()
        return replace(study, boxes=tuple(_box(group) for group in groups))
    except (ValueError, AttributeError, KeyError, RuntimeError, StopIteration, GeometryError) as error:
        raise ExportError("highdicom cannot read a report.", details={"study": study.id}) from error


def _box(group: Any) -> ExportBox:  # highdicom's types name the union of all templates
    ends = np.concatenate([np.reshape(ends, (-1, 3)) for ends in group.roi.graphic_data])
    lo, hi = ends.min(axis=0), ends.max(axis=0)
    box = Box3D(tuple(lo), tuple(hi))
    for name, mm in [*zip(_SIDES, box.size_mm, strict=True), (_LONGEST, max(box.size_mm))]:
        (measured,) = group.get_measurements(name)
        if abs(measured.value - mm) > TOLERANCE_MM or measured.unit != codes.UCUM.Millimeter:
            raise ExportError("A report measures a lesion otherwise than its box.")
    (category,) = group.get_qualitative_evaluations(CLASS)
    (role,) = group.get_qualitative_evaluations(ROLE)
    absent = group.get_qualitative_evaluations(NOT_SEEN)
    return ExportBox(
        id=str(group.tracking_identifier),
        box=box,
        category=class_of(category.value),
        primary=role.value == PRIMARY,
        absent_phases=tuple(str(a.value.value) for a in absent),
    )
