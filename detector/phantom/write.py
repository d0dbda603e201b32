"""A phantom on disk: a folder a study, with NIfTI or DICOM phases, truth.json and the truth's masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from detector.data.cases import Case, Mark
from detector.phantom.dicom import write_series
from detector.phantom.generate import PhantomStudy
from detector.phantom.parameters import REFERENCE_PHASE
from detector.volume import Volume


def write_study(study: PhantomStudy, folder: Path, subject: str, *, dicom: bool = False) -> None:
    """Writes PHASE.nii.gz (or a folder PHASE of DICOM slices), truth.json and truth/{liver,lesions}.nii.gz.

    The bytes depend on the study and the subject alone. An existing folder of the name is written over.
    """
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for number, (phase, volume) in enumerate(study.volumes.items(), start=1):
        if dicom:
            write_series(volume, folder / phase, subject=subject, phase=phase, number=number)
        else:
            write_nifti(volume, folder / f"{phase}.nii.gz")
    write_nifti(study.liver, folder / "truth" / "liver.nii.gz")
    write_nifti(study.labels, folder / "truth" / "lesions.nii.gz")
    (folder / "truth.json").write_text(json.dumps(truth_json(study, subject), indent=1) + "\n")


def write_nifti(volume: Volume, path: Path) -> None:
    """Writes a volume through SimpleITK, which knows LPS and turns it into NIfTI's RAS header.

    Raises:
        OSError: the file cannot be written.
    """
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array_zyx))
    image.SetSpacing(volume.geometry.spacing_xyz_mm)
    image.SetOrigin(volume.geometry.origin_xyz_mm)
    try:
        sitk.WriteImage(image, str(path), useCompression=True, compressionLevel=1)
    except RuntimeError as error:  # SimpleITK's word for every failure to write
        raise OSError("An image could not be written.") from error


def truth_json(study: PhantomStudy, subject: str) -> dict[str, object]:
    """Everything true about a study as plain JSON, boxes in mm LPS in the portal venous frame."""
    return {
        "frame": "LPS",
        "unit": "mm",
        "reference_phase": REFERENCE_PHASE,
        "subject": subject,
        "lesion_class": study.lesion_class,
        "lesions": [
            {
                **lesion.box.as_json(),
                "lesion_class": lesion.lesion_class,
                "subtype": lesion.subtype,
                "primary": lesion.primary,
                "label": lesion.label,
                "numbers": dict(lesion.numbers),
            }
            for lesion in study.lesions
        ],
        "baits": [{**bait.box.as_json(), "kind": bait.kind} for bait in study.baits],
        "shifts_mm": {phase: list(shift) for phase, shift in study.shifts_mm.items()},
        "parameters": {
            "cohort": study.parameters.cohort,
            "matrix": study.parameters.matrix,
            "slices": study.parameters.slices,
            "aligned": study.parameters.aligned,
            "difficulty": study.parameters.difficulty,
            "drawn": dict(study.drawn),
        },
        "seed": study.seed,
    }


def case_of(study: PhantomStudy, name: str, subject: str) -> Case:
    """The case-list entry of an aligned study written as NIfTI in the folder `name` beside the list."""
    return Case(
        study=name,
        subject=subject,
        reference_phase=REFERENCE_PHASE,
        images={phase: f"{name}/{phase}.nii.gz" for phase in study.volumes},
        liver=f"{name}/truth/liver.nii.gz",
        lesion_class=study.lesion_class,
        marks=tuple(
            Mark(lo=m.box.lo, hi=m.box.hi, primary=m.primary, lesion_class=m.lesion_class)
            for m in study.lesions
        ),
    )
