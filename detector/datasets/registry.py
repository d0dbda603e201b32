"""The data sets by name, each with the phase its publishers say all of its scans are in, where they do."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from detector.datasets.contract import Asked, DatasetReader
from detector.errors import UnknownNameError
from detector.ingest.archive import Unpacking
from detector.ingest.found import Discovery
from detector.ingest.phases import PHASES


@dataclass(frozen=True, slots=True)
class Dataset:
    """`module` holds `find`, a DatasetReader."""

    title: str
    module: str
    phase: str | None = None


DATASETS: dict[str, Dataset] = {
    "lits": Dataset("LiTS", "lits", phase="portal_venous"),
    "msd-liver": Dataset("Medical Segmentation Decathlon, Task03_Liver", "msd", phase="portal_venous"),
    "ircad": Dataset("3D-IRCADb-01", "ircad", phase="portal_venous"),
    "deeplesion": Dataset("DeepLesion, liver lesions", "deeplesion"),
    "hcc-tace-seg": Dataset("HCC-TACE-Seg", "hcc_tace_seg"),
    "nndetection": Dataset("a raw task of nnDetection", "nndetection"),
    "coco": Dataset("a COCO export of Harvest", "coco"),
}


def find_studies(name: str, root: Path, *, phase: str | None = None, unpacking: Unpacking) -> Discovery:
    """The studies of a data set below a folder. `phase` overrules what its publishers say.

    Raises:
        UnknownNameError: there is no such set, or no such phase.
        ReadError: the folder does not hold it.
    """
    if name not in DATASETS:
        raise UnknownNameError(f"There is no data set {name}.", remedy=f"One of: {', '.join(DATASETS)}.")
    if phase is not None and phase not in PHASES:
        raise UnknownNameError(f"There is no phase {phase}.", remedy=f"One of: {', '.join(PHASES)}.")
    chosen = DATASETS[name]
    find: DatasetReader = import_module(f"detector.datasets.{chosen.module}").find
    return find(root, Asked(phase or chosen.phase, unpacking))
