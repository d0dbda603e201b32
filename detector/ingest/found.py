"""What discovery gives: studies, their series that read themselves when asked, and named refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from detector.errors import ReadError
from detector.ingest.dicom import read_stack, stack_digest
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.nifti import file_digest, read_file
from detector.volume import Volume

if TYPE_CHECKING:  # detector.ingest.truth reads what is found here
    from detector.ingest.truth import Truth


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text; names of files that are no valid UTF-8 included."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Source(Protocol):
    """Where a series' voxels come from."""

    def read(self) -> Volume: ...

    def digest(self) -> str: ...


class MaskSource(Protocol):
    """A mask that is no folder or file of its own: values of a label file, or segments."""

    def read(self) -> Volume: ...


class TruthSource(Protocol):
    """Where a study's lesions come from, read when the study is taken."""

    def read(self) -> Truth: ...


@dataclass(frozen=True, slots=True)
class DicomSource:
    """One acquisition of single-frame DICOM slices."""

    slices: Sequence[SliceHeader]

    def read(self) -> Volume:
        return read_stack(self.slices)

    def digest(self) -> str:
        return stack_digest(self.slices)


@dataclass(frozen=True, slots=True)
class FileSource:
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

    `spacing` is (x, y, z) in mm.
    """

    key: str
    modality: str
    phase_hint: str | None
    n_slices: int
    spacing: tuple[float, float, float]
    source: Source

    def read(self) -> Volume:
        """The canonical volume, read anew at each call.

        Raises:
            ReadError: naming the series, with the code of the rule that refused it.
        """
        try:
            return self.source.read()
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
