"""LiTS: volume-N.nii beside segmentation-N.nii (0 background, 1 liver, 2 tumour), in any folders.

The challenge's zip files hold `Training Batch 1` and `Training Batch 2`; mirrors spread the volumes over
`volume_pt1` and the like and keep the segmentations apart, so files are matched by N alone. `test-volume-N`
has no labels. The organisers compare arrays, and some segmentations' headers differ from their volume's.
"""

from __future__ import annotations

import re
from pathlib import Path

from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.files import files_below, scan_study
from detector.ingest.drawn import DrawnLesions, LabelValues
from detector.ingest.found import Discovery
from detector.ingest.refusals import Refusals

LIVER, TUMOUR = 1, 2
_NAME = re.compile(r"(volume|segmentation|test-volume)-(\d+)\.nii(?:\.gz)?")


def subject_of(number: int) -> str:
    """The patient of training case N. MSD's Task03_Liver numbers the same patients alike, and the cases from
    28 are those of 3D-IRCADb-01, so a patient keeps one split whichever set came first.

    >>> subject_of(7)
    'lits-7'
    """
    return f"lits-{number}"


def drawn(labels: Path, scan: Path) -> tuple[DrawnLesions, LabelValues]:
    """(lesions, liver) of a label file with 1 for liver and 2 for tumour; a tumour is liver, too."""
    tumours = LabelValues(labels, (TUMOUR,), scan)
    return DrawnLesions((tumours,), (None,)), LabelValues(labels, (LIVER, TUMOUR), scan)


def find(root: Path, asked: Asked) -> Discovery:
    """A study a volume; those without a segmentation come without lesions."""
    by_kind: dict[str, dict[int, Path]] = {"volume": {}, "segmentation": {}, "test-volume": {}}
    refusals = Refusals(root)
    for path in files_below(root):
        match = _NAME.fullmatch(path.name.lower())
        if match is None:
            continue
        first = by_kind[match[1]].setdefault(int(match[2]), path)
        if first != path:
            refusals.add(path, "twice", "This case is here twice.", "Nothing needs to be done.", routine=True)
    if not (by_kind["volume"] or by_kind["test-volume"]):
        raise wrong_layout("LiTS", "volume-0.nii and segmentation-0.nii")
    studies = []
    for number, scan in sorted(by_kind["volume"].items()):
        labels = by_kind["segmentation"].pop(number, None)
        lesions, liver = drawn(labels, scan) if labels else (None, None)
        studies.append(
            scan_study(
                root, {scan: asked.phase}, refusals, subject=subject_of(number), lesions=lesions, liver=liver
            )
        )
    for number, scan in sorted(by_kind["test-volume"].items()):
        studies.append(scan_study(root, {scan: asked.phase}, refusals, subject=f"lits-test-{number}"))
    for labels in by_kind["segmentation"].values():
        refusals.add(labels, "mask", "A segmentation without its volume.", "Put its volume beside it.")
    return Discovery([s for s in studies if s], refusals.listed())
