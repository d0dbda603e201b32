"""manifest.json beside volume files: what they do not say themselves (docs/reference/formats.md)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from detector.errors import ReadError
from detector.ingest.described import Described, DescribedLabels, check_axes, is_described_file
from detector.ingest.drawn import DrawnLesions, LabelValues
from detector.ingest.found import FileSource, FoundSeries, FoundStudy, MaskSource, sha256_text
from detector.ingest.nifti import is_volume_file, read_geometry
from detector.ingest.phases import hint_from_text
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals, below

MANIFEST_FILE = "manifest.json"
FORMAT = "harvest-files/1"
MAX_BYTES = 16 * 1024**2

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Phase = Literal["non_contrast", "arterial", "portal_venous", "delayed"]
Value = Annotated[int, Field(gt=0)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeriesSaid(_Said):
    """One volume file. Only files whose format says nothing of it take spacing, axes and origin."""

    file: str
    phase: Phase | None = None
    spacing_ijk_mm: tuple[Positive, Positive, Positive] | None = None
    axes: Annotated[str, AfterValidator(check_axes)] | None = None
    origin_xyz_mm: tuple[Finite, Finite, Finite] | None = None


class LabelsSaid(_Said):
    """A label file on one of the series, voxel for voxel: which values are liver, which are lesions."""

    file: str
    on: str | None = None
    liver: tuple[Value, ...] = ()
    lesions: tuple[Value, ...] | None = None


class StudySaid(_Said):
    study: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    date: datetime.date | None = None
    series: tuple[SeriesSaid, ...] = Field(min_length=1)
    labels: LabelsSaid | None = None


class ManifestSaid(_Said):
    format: Literal["harvest-files/1"]
    studies: tuple[StudySaid, ...]


@dataclass(frozen=True, slots=True)
class Manifested:
    """What manifests describe: studies, and the files that are settled by that."""

    studies: list[FoundStudy] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)


def read_manifests(paths: Iterable[Path], refusals: Refusals) -> Manifested:
    """The studies of every manifest.json that is one of ours; one that is wrong is refused with the place in
    it, and so is a study whose files are not as it says. That of some other program is left alone."""
    found = Manifested()
    for path in paths:
        try:
            said = _read(path)
        except ReadError as error:
            refusals.add_error(path, error)
            found.files.add(path)
            continue
        if said is None:
            continue
        found.files.add(path)
        for number, study in enumerate(said.studies, start=1):
            try:
                found.files.update(_files(path.parent, study))
                found.studies.append(_study(path.parent, study, refusals))
            except ReadError as error:
                refusals.add_error(path, error, f"Study {number} of the manifest: {error.message}")
    return found


def _read(path: Path) -> ManifestSaid | None:
    wrong = "Correct it as docs/reference/formats.md says."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise unreadable("manifest", "The manifest is larger than 16 MB.", "Split the folder.")
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise unreadable("manifest", "The manifest is no JSON.", wrong) from error
    if not isinstance(data, dict) or not ({"format", "studies"} & set(data)):
        return None
    if "studies" not in data and not str(data["format"]).startswith("harvest-files"):
        return None
    try:
        return ManifestSaid.model_validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(p) for p in first["loc"])
        raise unreadable(
            "manifest", f"The manifest is not valid at {where}: {first['msg']}.", wrong
        ) from error


def _files(folder: Path, said: StudySaid) -> set[Path]:
    names = [s.file for s in said.series] + ([said.labels.file] if said.labels else [])
    return {_within(folder, name) for name in names}


def _within(folder: Path, name: str) -> Path:
    path = below(folder, name)
    if not path.is_file():
        raise unreadable("missing", "It names a file that is not there.", "Put the file beside it.")
    return path


def _study(folder: Path, said: StudySaid, refusals: Refusals) -> FoundStudy:
    series = {s.file: _series(folder, s, number) for number, s in enumerate(said.series, start=1)}
    if len(series) != len(said.series):
        raise unreadable("manifest", "It names one file twice.", "Name each series once.")
    lesions, liver = _labels(folder, said, series)
    sizes = [f"{name}:{(folder / name).stat().st_size}" for name in series]
    return FoundStudy(
        key=sha256_text("|".join([said.subject, said.study, *sizes])),
        subject_key=said.subject,
        study_date=said.date,
        acquisitions=list(series.values()),
        relative_path=refusals.called(folder / said.series[0].file),
        lesions=lesions,
        liver_mask=liver,
    )


def _series(folder: Path, said: SeriesSaid, number: int) -> FoundSeries:
    path = folder / said.file
    source: Described | FileSource
    if is_described_file(path):
        if said.spacing_ijk_mm is None or said.axes is None:
            raise unreadable(
                "not_described",
                f"Series {number} is in a format that does not say how it lies in the patient.",
                "Give its spacing_ijk_mm and its axes.",
            )
        source = Described(path, said.spacing_ijk_mm, said.axes, said.origin_xyz_mm or (0.0, 0.0, 0.0))
        grid = source.geometry()
    elif is_volume_file(path):
        if said.spacing_ijk_mm or said.axes or said.origin_xyz_mm:
            raise unreadable(
                "described_twice",
                f"Series {number} says itself how it lies in the patient.",
                "Leave spacing_ijk_mm, axes and origin_xyz_mm out.",
            )
        source, grid = FileSource(path), read_geometry(path)
    else:
        raise unreadable("not_a_volume", f"Series {number} is no NIfTI, NRRD, MHA or MRC.", "Convert it.")
    hint = said.phase or hint_from_text(path.stem)
    return FoundSeries(f"s{number}", "CT", hint, grid.shape_zyx[0], grid.spacing_xyz_mm, source)


def _labels(
    folder: Path, said: StudySaid, series: dict[str, FoundSeries]
) -> tuple[DrawnLesions | None, MaskSource | None]:
    if said.labels is None:
        return None, None
    on = said.labels.on or (next(iter(series)) if len(series) == 1 else None)
    if on not in series:
        raise unreadable(
            "manifest", "Its labels do not say which series they lie on.", "Name that series' file as `on`."
        )
    path, scan = folder / said.labels.file, series[on].source

    def values(wanted: tuple[int, ...]) -> MaskSource:
        if isinstance(scan, Described):
            return DescribedLabels(scan, path, wanted)
        return LabelValues(path, wanted, folder / on)

    lesions = said.labels.lesions
    drawn = DrawnLesions((values(lesions),), (None,), series=series[on].key) if lesions is not None else None
    return drawn, values(said.labels.liver) if said.labels.liver else None
