"""What sources share that are read as a whole and have no DICOM header."""

from __future__ import annotations

from abc import ABC, abstractmethod

from detector.phaseid.coarse import Coarse, coarsen
from detector.volume import Volume


class WholeSource(ABC):
    """A source (found.Source) whose voxels come in one piece, without a header."""

    __slots__ = ()

    @abstractmethod
    def read(self) -> Volume: ...

    def read_coarse(self) -> Coarse:
        return coarsen(self.read())

    def header(self) -> None:
        return None
