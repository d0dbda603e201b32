"""Croissant 1.0: metadata.json over studies.csv, lesions.csv and, with voxels, images.csv and the images.

A record of `lesions` is a box in mm, LPS; a record of `studies` says its split, phases and grid; `images` has
the digest and size of each file of voxels, which is why no list of files grows in the metadata itself. Lists
in a cell stand between bars, "|arterial|delayed|", so that an empty one is no missing value.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

import mlcroissant as mlc

from detector.errors import GeometryError
from detector.export.csv_boxes import CORNERS
from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy, check_read_back
from detector.export.images import check_images, write_images
from detector.geometry import Box3D, VolumeGeometry

FILE = "metadata.json"
_REFUSALS = (mlc.ValidationError, mlc.GenerationError)
_TEXT, _NUMBER, _WHOLE, _TRUTH = (
    mlc.DataType.TEXT,
    mlc.DataType.FLOAT,
    mlc.DataType.INTEGER,
    mlc.DataType.BOOL,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file and what its columns hold: (name, type, meaning)."""

    name: str
    about: str
    columns: tuple[tuple[str, str, str], ...]

    @property
    def file(self) -> str:
        return f"{self.name}.csv"


LESIONS = Table(
    "lesions",
    "One record a lesion: its box in mm, LPS, bounded by the outer faces of its voxels.",
    (
        ("lesion", _TEXT, "The lesion's id"),
        ("study", _TEXT, "The study it was seen in"),
        ("category", _TEXT, 'Its class, or "lesion" where it has none'),
        ("primary", _TRUTH, "Whether it is the primary lesion of its study"),
        ("absent_phases", _TEXT, "Phases in which it is not visible, between bars"),
        *((name, _NUMBER, f"{name[:2]} corner along {name[3]}, mm, LPS") for name in CORNERS),
    ),
)
STUDIES = Table(
    "studies",
    "One record a study, those without a lesion included.",
    (
        ("study", _TEXT, "The study's id"),
        ("subject", _TEXT, "The pseudonym of its patient"),
        ("split", _TEXT, "pool is trained on, gold only ever judged on"),
        ("reference_phase", _TEXT, "The phase on whose grid boxes lie"),
        ("phases", _TEXT, "The phases of the study, between bars"),
        ("nudges_mm", _TEXT, "How a person moved phases: phase:x,y,z in mm, LPS, between bars"),
        *((f"voxels_{a}", _WHOLE, f"Voxels along {a}") for a in "xyz"),
        *((f"spacing_{a}_mm", _NUMBER, f"Distance of voxels along {a}, mm") for a in "xyz"),
        *((f"origin_{a}_mm", _NUMBER, f"Centre of the first voxel, {a}, mm, LPS") for a in "xyz"),
    ),
)
IMAGES = Table(
    "images",
    "One record a registered phase: its file beside the metadata, with SHA-256 and size.",
    (
        ("path", _TEXT, "The file, relative to the metadata"),
        ("study", _TEXT, "The study"),
        ("phase", _TEXT, "The phase"),
        ("sha256", _TEXT, "SHA-256 of the file"),
        ("bytes", _WHOLE, "Size of the file"),
    ),
)


def write(data: ExportData, out: Path) -> None:
    """The tables, the images where there are voxels, and the metadata over them.

    Raises:
        ExportError: mlcroissant does not take the metadata.
        OSError: a file cannot be written.
    """
    tables = [LESIONS, STUDIES]
    _write_table(out, LESIONS, (row for study in data.studies for row in _lesions(study)))
    _write_table(out, STUDIES, (_study_row(study) for study in data.studies))
    if data.volume is not None:
        write_images(data, out)
        tables.append(IMAGES)
        _write_table(out, IMAGES, (row for study in data.studies for row in _images(study, out)))
    document = json.dumps(_metadata(data.info, tables, out), indent=1, sort_keys=True) + "\n"
    (out / FILE).write_text(document, encoding="utf-8", newline="")


def _write_table(out: Path, table: Table, rows: Iterable[Sequence[object]]) -> None:
    with (out / table.file).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for name, _, _ in table.columns])
        writer.writerows(rows)


def _lesions(study: ExportStudy) -> Iterator[Sequence[object]]:
    for box in study.boxes:
        corners = (repr(v) for v in (*box.box.lo, *box.box.hi))
        yield box.id, study.id, box.category, box.primary, _listed(box.absent_phases), *corners


def _study_row(study: ExportStudy) -> Sequence[object]:
    nudges = (f"{phase}:{x!r},{y!r},{z!r}" for phase, (x, y, z) in sorted(study.nudges_mm.items()))
    grid = study.geometry
    return (
        study.id,
        study.subject,
        study.split,
        study.reference_phase,
        _listed(sorted(study.images)),
        _listed(nudges),
        *grid.shape_zyx[::-1],
        *map(repr, grid.spacing_xyz_mm),
        *map(repr, grid.origin_xyz_mm),
    )


def _images(study: ExportStudy, out: Path) -> Iterator[Sequence[object]]:
    for phase, name in sorted(study.images.items()):
        yield name, study.id, phase, digest(out / name), (out / name).stat().st_size


def _listed(values: Iterable[str]) -> str:
    return "|" + "".join(f"{value}|" for value in values)


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _metadata(info: Mapping[str, Any], tables: Sequence[Table], out: Path) -> dict[str, Any]:
    """The JSON-LD of the release."""
    frozen = str(info.get("frozen_at") or "2000-01-01")[:10]
    try:
        metadata = mlc.Metadata(
            ctx=mlc.Context(conforms_to="http://mlcommons.org/croissant/1.0"),
            name=str(info.get("cohort") or "Liver lesions"),
            description=str(info.get("description") or "Liver lesions on multiphase CT, boxes in mm, LPS."),
            license=[str(info.get("licence") or "Not licensed: ask who gave it to you")],
            url=str(info.get("url") or f"urn:sha256:{info.get('manifest_sha256', '')}"),
            version=f"{int(info.get('release', 0))}.0.0",
            cite_as=str(info.get("citation") or f"Manifest SHA-256 {info.get('manifest_sha256', '')}"),
            date_published=frozen,
            creators=[mlc.Organization(name=str(info.get("creator") or "Harvest"))],
            distribution=[_file(table, out) for table in tables],
            record_sets=[_records(table) for table in tables],
        )
        return dict(metadata.to_json())
    except (*_REFUSALS, ValueError) as error:
        raise ExportError("Croissant does not take what the release says of itself.") from error


def _file(table: Table, out: Path) -> mlc.FileObject:
    path = out / table.file
    return mlc.FileObject(
        id=table.file,
        name=table.file,
        description=table.about,
        content_url=table.file,
        content_size=f"{path.stat().st_size} B",
        encoding_formats=["text/csv"],
        sha256=digest(path),
    )


def _records(table: Table) -> mlc.RecordSet:
    key = table.columns[0][0]
    return mlc.RecordSet(
        id=table.name,
        name=table.name,
        description=table.about,
        key=[f"{table.name}/{key}"] if table is not LESIONS else None,
        fields=[
            mlc.Field(
                id=f"{table.name}/{name}",
                name=name,
                description=meaning,
                data_types=[kind],
                source=mlc.Source(file_object=table.file, extract=mlc.Extract(column=name)),
            )
            for name, kind, meaning in table.columns
        ],
    )


def check(data: ExportData, out: Path) -> None:
    """Loads the metadata and all records with mlcroissant, and compares digests, sizes and boxes in mm.

    Raises:
        ExportError: mlcroissant finds fault with it, or it says something else than the release.
        OSError: a file cannot be read.
    """
    try:
        dataset = mlc.Dataset(jsonld=str(out / FILE))
        for file in dataset.metadata.distribution:
            path = out / file.id
            if file.sha256 != digest(path) or file.content_size != f"{path.stat().st_size} B":
                raise ExportError("A file is not the one that the metadata describes.")
        check_read_back(data.studies, _read(dataset, data.studies))
        if data.volume is not None:
            _check_digests(dataset, data, out)
    except (*_REFUSALS, ValueError, KeyError, TypeError, GeometryError) as error:
        raise ExportError("mlcroissant cannot read the metadata or its records.") from error
    check_images(data, out)


def _rows(dataset: mlc.Dataset, table: Table) -> Iterator[dict[str, Any]]:
    """The records of a table by the names of its columns, bytes as text."""
    for record in dataset.records(record_set=table.name):
        yield {
            key.rpartition("/")[2]: value.decode() if isinstance(value, bytes) else value
            for key, value in record.items()
        }


def _read(dataset: mlc.Dataset, written: Iterable[ExportStudy]) -> Iterator[ExportStudy]:
    """The studies of the records; where their images lie is not in them."""
    lesions = groupby(_rows(dataset, LESIONS), lambda row: str(row["study"]))
    waiting = next(lesions, None)
    for row, known in zip_longest(_rows(dataset, STUDIES), written):
        if row is None or known is None or row["study"] != known.id:
            raise ExportError("The export does not hold the studies of the release.")
        boxes: tuple[ExportBox, ...] = ()
        if waiting is not None and waiting[0] == row["study"]:
            boxes = tuple(_box(lesion) for lesion in waiting[1])
            waiting = next(lesions, None)
        grid = VolumeGeometry(
            tuple(row[f"voxels_{a}"] for a in "zyx"),
            tuple(row[f"spacing_{a}_mm"] for a in "xyz"),
            tuple(row[f"origin_{a}_mm"] for a in "xyz"),
        )
        names = dict(known.images)
        if sorted(names) != _parts(row["phases"]):
            raise ExportError("The export does not say the phases of a study.", details={"study": known.id})
        yield ExportStudy(
            row["study"],
            row["subject"],
            row["split"],
            row["reference_phase"],
            grid,
            names,
            boxes,
            dict(_nudge(text) for text in _parts(row["nudges_mm"])),
        )
    if waiting is not None:
        raise ExportError("The export has a lesion of no study.")


def _parts(text: str) -> list[str]:
    return [part for part in text.split("|") if part]


def _nudge(text: str) -> tuple[str, tuple[float, float, float]]:
    phase, _, moved = text.partition(":")
    x, y, z = (float(v) for v in moved.split(","))
    return phase, (x, y, z)


def _box(row: Mapping[str, Any]) -> ExportBox:
    x0, y0, z0, x1, y1, z1 = (float(row[name]) for name in CORNERS)
    return ExportBox(
        id=str(row["lesion"]),
        box=Box3D((x0, y0, z0), (x1, y1, z1)),
        category=str(row["category"]),
        primary=bool(row["primary"]),
        absent_phases=tuple(_parts(row["absent_phases"])),
    )


def _check_digests(dataset: mlc.Dataset, data: ExportData, out: Path) -> None:
    known = {name for study in data.studies for name in study.images.values()}
    for row in _rows(dataset, IMAGES):
        path = out / row["path"]
        if row["path"] not in known or digest(path) != row["sha256"] or path.stat().st_size != row["bytes"]:
            raise ExportError("An image is not the one that the records describe.")
        known.remove(row["path"])
    if known:
        raise ExportError("The records do not list every image.")
