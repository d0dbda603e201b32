"""DeepLesion: DL_info.csv beside Images_png/PATIENT_STUDY_SERIES/SLICE.png, 16 bit, HU + 32768.

Only stretches of slices around the measured ones are published: each stretch of a series is a study. Slice
numbers grow towards the feet, columns to the patient's left and rows to the back, as the publishers' own
conversion to NIfTI has it. A lesion is liver where its coarse type is 4 (the publishers' validation and test
parts), or where LesaNet's text-mined labels call it `liver` (their file beside DL_info.csv; Yan 2019).
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.deeplesion_boxes import Measured, MeasuredLesions, measured
from detector.datasets.deeplesion_slices import PngSlices, stretches
from detector.errors import ReadError
from detector.ingest.canonical import check_grid
from detector.ingest.found import Discovery, FoundSeries, FoundStudy, sha256_text
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals, relative_path

TABLE = "DL_info.csv"
TEXT_MINED = "text_mined_labels_171_and_split.json"
IMAGES = "Images_png"
LIVER_TYPE = "4"


@dataclass(frozen=True, slots=True)
class _Row:
    folder: str
    patient: str
    spacing: tuple[float, float, float]
    lesion: Measured


def find(root: Path, asked: Asked) -> Discovery:
    """A study a stretch of slices with a liver lesion; rows that cannot be read are refused by number."""
    table, images = root / TABLE, root / IMAGES
    if not table.is_file() or not images.is_dir():
        raise wrong_layout("DeepLesion", f"{TABLE} and {IMAGES}")
    refusals = Refusals(root)
    by_series: dict[str, list[_Row]] = defaultdict(list)
    for row in _liver_rows(root, refusals):
        by_series[row.folder].append(row)
    studies: list[FoundStudy] = []
    for folder, rows in sorted(by_series.items()):
        if not (images / folder).is_dir():
            refusals.add(
                images / folder,
                "missing",
                "The series' slices are not here.",
                "Unpack the other parts.",
                True,
            )
            continue
        try:
            studies += _studies(root, images / folder, rows, asked.phase, refusals)
        except ReadError as error:
            refusals.add_error(images / folder, error)
    return Discovery(studies, refusals.listed())


def _studies(
    root: Path, folder: Path, rows: list[_Row], phase: str | None, refusals: Refusals
) -> Iterator[FoundStudy]:
    runs = stretches(folder)
    for number, run in enumerate(runs, start=1):
        own = tuple(r.lesion for r in rows if r.lesion.key_slice in run)
        if not own:
            continue
        key = "ct" if len(runs) == 1 else f"ct.{number}"
        source = PngSlices(folder, run, rows[0].spacing)
        height, width = source.size()
        try:
            check_grid((len(run), height, width), rows[0].spacing)
        except ReadError as error:
            refusals.add_error(folder, error)
            continue
        yield FoundStudy(
            key=sha256_text(f"deeplesion|{folder.name}|{run.start}|{run.stop}"),
            subject_key=f"deeplesion-{rows[0].patient}",
            study_date=None,
            acquisitions=[FoundSeries(key, "CT", phase, len(run), rows[0].spacing, source)],
            relative_path=f"{relative_path(root, folder)}#{run.start}",
            lesions=MeasuredLesions(own, rows[0].spacing, source.geometry()),
        )
    for row in rows:
        if not any(row.lesion.key_slice in run for run in runs):
            refusals.add(folder, "missing", "A measured slice is not here.", "Unpack the set again.")


def _liver_rows(root: Path, refusals: Refusals) -> Iterator[_Row]:
    mined = _text_mined(root / TEXT_MINED)
    try:
        with (root / TABLE).open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                if row.get("Coarse_lesion_type") != LIVER_TYPE and number not in mined:
                    continue
                try:
                    yield _row(row)
                except (KeyError, ValueError, TypeError, AttributeError):
                    refusals.add(
                        root / TABLE,
                        "row",
                        f"Row {number + 2} of {TABLE} cannot be read.",
                        "Copy the table again.",
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable("wrong_layout", f"{TABLE} cannot be read.", "Copy it again.") from error


def _row(row: dict[str, str]) -> _Row:
    folder, _, name = row["File_name"].rpartition("_")
    x, y, z = (abs(float(v)) for v in row["Spacing_mm_px_"].split(","))
    if not all(part.isdecimal() for part in folder.split("_")):
        raise ValueError
    lesion = measured(
        key_slice=int(name.removesuffix(".png")),
        coordinates=[float(v) for v in row["Measurement_coordinates"].split(",")],
        bounding_box=[float(v) for v in row["Bounding_boxes"].split(",")],
        slice_range=[int(float(v)) for v in row["Slice_range"].split(",")],
    )
    noisy = row.get("Possibly_noisy", "") == "1"
    return _Row(folder, str(int(row["Patient_index"])), (x, y, z), replace(lesion, possibly_noisy=noisy))


def _text_mined(path: Path) -> set[int]:
    """Rows of the table (from 0) that LesaNet's labels call liver; none where the file is not there."""
    if not path.is_file():
        return set()
    try:
        data = json.loads(path.read_text())
        liver = data["term_list"].index("liver")
        return {
            int(row)
            for part in ("train", "val", "test")
            for row, terms in zip(data[f"{part}_lesion_idxs"], data[f"{part}_relevant_labels"], strict=True)
            if liver in terms
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable("wrong_layout", f"{TEXT_MINED} cannot be read.", "Copy it again.") from error
