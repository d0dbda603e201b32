"""What discovery gives: studies, their series that read themselves when asked, and named refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pydicom

from detector.errors import ReadError
from detector.ingest.dicom import read_stack, stack_digest
from detector.ingest.dicom_file import read_dataset
from detector.ingest.dicom_grid import stack_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.nifti import file_digest, read_file
from detector.ingest.whole import WholeSource
from detector.phaseid.coarse import Coarse, coarsen, slice_step
from detector.volume import Volume

if TYPE_CHECKING:  # detector.ingest.truth reads what is found here
    from detector.ingest.truth import Truth


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text; names of files that are no valid UTF-8 included."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Source(Protocol):
    """Where a series' voxels come from."""

    def read(self) -> Volume: ...

    def read_coarse(self) -> Coarse: ...

    def digest(self) -> str: ...

    def header(self) -> pydicom.Dataset | None:
        """The DICOM header of one image, as it is; None where there is none."""
        ...


class MaskSource(Protocol):
    """A mask that is no folder or file of its own: values of a label file, or segments."""

    def read(self) -> Volume: ...


class TruthSource(Protocol):
    """Where a study's lesions come from, read when the study is taken."""

    def read(self) -> Truth: ...


@dataclass(frozen=True, slots=True)
class DicomSource:
    """One acquisition of DICOM slices, or of frames of enhanced CT."""

    slices: Sequence[SliceHeader]

    def read(self) -> Volume:
        return read_stack(self.slices)

    def read_coarse(self) -> Coarse:
        grid = stack_grid(self.slices)
        if grid.note:  # a part of slices that are tilted or uneven does not make an even grid
            return coarsen(read_stack(self.slices))
        step = slice_step(len(grid.slices), grid.geometry().spacing_xyz_mm[2])
        return coarsen(read_stack(grid.slices[::step]))

    def digest(self) -> str:
        return stack_digest(self.slices)

    def header(self) -> pydicom.Dataset | None:
        return read_dataset(self.slices[0].path, stop_before_pixels=True)


@dataclass(frozen=True, slots=True)
class FileSource(WholeSource):
    """One volume file."""

    path: Path

    def read(self) -> Volume:
        return read_file(self.path)

    def digest(self) -> str:
        return file_digest(self.path)


@dataclass(frozen=True)
class FoundSeries:
    """One series that has the shape of a phase. `key` names it for people and holds no identifier: the
    DICOM series number (4, or 4.1, 4.2 for acquisitions within one series), or the file's stem.

    `spacing` is (x, y, z) in mm. `acquired_at` orders the series of a study: seconds from its midnight to
    the first slice's acquisition, None where no header says it. It is for ordering, never to be shown.
    `note` says in words what reading does to the slices beyond sorting them ("" for nothing). `tube_kv` is
    the tube's voltage where the header says it.
    """

    key: str
    modality: str
    phase_hint: str | None
    n_slices: int
    spacing: tuple[float, float, float]
    source: Source
    acquired_at: float | None = None
    note: str = ""
    tube_kv: float | None = None

    def read(self) -> Volume:
        """The canonical volume, read anew at each call.

        Raises:
            ReadError: naming the series, with the code of the rule that refused it.
        """
        try:
            return self.source.read()
        except ReadError as error:
            raise self._named(error) from error

    def header(self) -> pydicom.Dataset | None:
        """The DICOM header of one of its images, raw: it names the patient. None for volume files.

        Raises:
            ReadError: naming the series.
        """
        try:
            return self.source.header()
        except ReadError as error:
            raise self._named(error) from error

    def read_coarse(self) -> Coarse:
        """The series made small, from only as many slices as that needs; raises ReadError as read does."""
        try:
            return self.source.read_coarse()
        except ReadError as error:
            raise self._named(error) from error

    @cached_property
    def sha256(self) -> str:
        """Of the content, whatever the files' names, order or headers; raises ReadError naming the series."""
        try:
            return self.source.digest()
        except ReadError as error:
            raise self._named(error) from error

    def _named(self, error: ReadError) -> ReadError:
        named = ReadError(
            f"Series {self.key}: {error.message}", remedy=error.remedy, details=dict(error.details)
        )
        named.code = error.code
        return named


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something under the root that is not taken. `routine`: every archive holds such (a scout, a dose
    report, a text file). `relative_path` may hold a name: show it to who imports, store only the hash."""

    ordinal: int
    relative_path: str
    path_sha256: str
    code: str
    message: str
    remedy: str
    routine: bool = False


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """One study. `key` stands for it without naming it. `subject_key` is raw: hash it with the
    installation's key before it is stored. `masks` are supplied masks by name, `liver` among them.

    `lesions` and `liver_mask` are of a described data set, and win over `truth` and `masks`: its lesions are
    stored in either split, since whoever published them vouches for them.
    """

    key: str
    subject_key: str
    study_date: date | None
    acquisitions: list[FoundSeries]
    relative_path: str = "."
    truth: Path | None = None
    masks: dict[str, Path] = field(default_factory=dict)
    lesions: TruthSource | None = None
    liver_mask: MaskSource | None = None

    @property
    def liver(self) -> Path | MaskSource | None:
        return self.liver_mask or self.masks.get("liver")

    @property
    def path_sha256(self) -> str:
        return sha256_text(self.relative_path)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Studies in the order of their paths, and what was left out."""

    studies: list[FoundStudy]
    refused: list[Refusal]
