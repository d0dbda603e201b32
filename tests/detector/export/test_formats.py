from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.export.coco import read_coco, stream_coco, write_coco
from detector.export.csv_boxes import csv_lines, read_csv
from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy, check_read_back
from detector.export.formats import FORMATS
from detector.geometry import Box3D, VolumeGeometry

GRID = VolumeGeometry((20, 40, 50), (0.7, 0.8, 5.0), (-120.5, -90.25, 300.0), "1.2.3")


def study(*boxes: ExportBox, id: str = "a", geometry: VolumeGeometry = GRID) -> ExportStudy:
    images = {
        "portal_venous": f"images/{id}/portal_venous.nii.gz",
        "arterial": f"images/{id}/arterial.nii.gz",
    }
    return ExportStudy(id, "S1", "pool", "portal_venous", geometry, images, boxes)


HCC = ExportBox("l1", Box3D((-110, -80, 310), (-90, -60, 330)), "hcc", True, ("arterial",))
CYST = ExportBox("l2", Box3D((-100, -70, 305), (-95, -65, 315)), "cyst")

lengths = st.floats(0.5, 80)
spacings = st.floats(0.3, 8)
places = st.floats(-500, 500)


@st.composite
def studies(draw: st.DrawFn) -> ExportStudy:
    geometry = VolumeGeometry(
        (draw(st.integers(1, 90)), draw(st.integers(1, 600)), draw(st.integers(1, 600))),
        (draw(spacings), draw(spacings), draw(spacings)),
        (draw(places), draw(places), draw(places)),
    )
    boxes = []
    for number in range(draw(st.integers(0, 3))):
        lo = (draw(places), draw(places), draw(places))
        hi = (lo[0] + draw(lengths), lo[1] + draw(lengths), lo[2] + draw(lengths))
        boxes.append(ExportBox(f"l{number}", Box3D(lo, hi), draw(st.sampled_from(["hcc", "lesion"]))))
    return study(*boxes, geometry=geometry)


@given(studies())
def test_both_formats_give_every_box_back_to_a_micrometre(one: ExportStudy):
    check_read_back([one], read_coco(write_coco([one], {})), tolerance_mm=1e-6)
    check_read_back([one], read_csv(csv_lines([one]), [one]), tolerance_mm=0)


def test_a_box_over_the_whole_image_is_the_image_in_voxel_edges():
    whole = study(ExportBox("l", GRID.extent))
    bbox = json.loads(write_coco([whole], {}))["annotations"][0]["bbox"]
    assert bbox == pytest.approx([0, 0, 0, 50, 40, 20])


def test_the_affine_takes_voxel_centres_to_mm():
    image = json.loads(write_coco([study()], {}))["images"][0]
    assert np.array(image["affine"]) @ [3, 2, 1, 1] == pytest.approx([*GRID.point_from_index((1, 2, 3)), 1])


def test_category_ids_are_contiguous_and_empty_studies_stay():
    document = json.loads(write_coco([study(HCC, CYST), study(id="empty")], {"release": 3}))
    assert [(c["id"], c["name"]) for c in document["categories"]] == [(1, "cyst"), (2, "hcc")]
    assert [i["study"] for i in document["images"]] == ["a", "empty"]
    rows = list(csv.DictReader(csv_lines([study(HCC), study(id="empty")])))
    assert [(r["study"], r["lesion"]) for r in rows] == [("a", "l1"), ("empty", "")]


def test_a_moved_box_and_a_lost_lesion_are_refused():
    written = [study(HCC, CYST)]
    moved = replace(HCC, box=Box3D((-110.01, -80, 310), (-90, -60, 330)))
    with pytest.raises(ExportError, match=r"0\.0100 mm"):
        check_read_back(written, [study(moved, CYST)])
    with pytest.raises(ExportError, match="lesions"):
        check_read_back(written, [study(HCC)])
    with pytest.raises(ExportError, match="studies"):
        check_read_back(written, [])


def test_a_study_of_another_subject_or_split_is_refused():
    for other in ({"subject": "S2"}, {"split": "gold"}, {"reference_phase": "arterial"}):
        changed = replace(study(HCC), **other)
        with pytest.raises(ExportError, match="whose"):
            check_read_back([study(HCC)], [changed])
        with pytest.raises(ExportError, match="whose"):
            check_read_back([study(HCC)], read_csv(csv_lines([changed]), [study(HCC)]))


def test_other_files_are_refused_by_name():
    with pytest.raises(ExportError):
        read_coco("{}")
    with pytest.raises(ExportError):
        list(read_csv(["a,b\n", "1,2\n"], []))


def test_coco_is_written_in_pieces_and_read_one_study_at_a_time(tmp_path: Path):
    written = [study(HCC, CYST), study(id="empty"), study(CYST, id="b")]
    text = write_coco(written, {"release": 3})
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    path = tmp_path / "dataset.json"
    path.write_text(text)
    assert list(stream_coco(path)) == read_coco(text)
    lost = json.loads(text)
    lost["annotations"].reverse()
    path.write_text(json.dumps(lost))
    with pytest.raises(ExportError, match="order"):
        list(stream_coco(path))


class Many:
    """As many studies as the largest archive has, five lesions each, made when they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[ExportStudy]:
        for number in range(self.count):
            lesions = (replace(CYST, id=f"l{number}-{n}") for n in range(5))
            yield study(*lesions, id=f"s{number:06d}")


@pytest.mark.parametrize("name", ["coco", "csv"])
def test_memory_does_not_grow_with_the_release(name: str, tmp_path: Path):
    peaks = []
    for count in (200, 2000):
        out = tmp_path / str(count)
        out.mkdir()
        tracemalloc.start()
        FORMATS[name].write(ExportData(Many(count), {}), out)
        FORMATS[name].check(ExportData(Many(count), {}), out)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 8_000_000
