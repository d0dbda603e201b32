"""From masks to lesions: one way for everything that is drawn in voxels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.ingest.found import MaskSource
from detector.ingest.masks import boxes_from_mask, read_mask
from detector.ingest.nifti import read_labels
from detector.ingest.truth import Truth, TruthLesion, with_primary
from detector.volume import Volume


@dataclass(frozen=True, slots=True)
class LabelValues:
    """The voxels of a label file that hold one of some values. They lie on `scan` voxel for voxel, where it
    is given: the sets that compare arrays do not always keep the two headers alike."""

    path: Path
    values: tuple[int, ...]
    scan: Path | None = None

    def read(self) -> Volume:
        """uint8 0/1 (Z, Y, X); raises what read_labels raises."""
        labels = read_labels(self.path, scan=self.scan)
        return Volume(np.isin(labels.array_zyx, self.values).astype(np.uint8), labels.geometry)


@dataclass(frozen=True, slots=True)
class DrawnLesions:
    """Lesions drawn as masks: each connected component of each mask is one, the largest of all is primary.

    `classes` names the lesion class of each mask, None where it has none; `series` is the series drawn on.
    """

    masks: tuple[Path | MaskSource, ...]
    classes: tuple[str | None, ...]
    lesion_class: str | None = None
    series: str | None = None

    def read(self) -> Truth:
        """The study's lesions, none where the masks are empty; raises what reading a mask raises."""
        drawn = [
            TruthLesion(box, lesion_class, primary=False)
            for mask, lesion_class in zip(self.masks, self.classes, strict=True)
            for box in boxes_from_mask(read_mask(mask))
        ]
        return Truth(with_primary(drawn), lesion_class=self.lesion_class, series=self.series, complete=True)
