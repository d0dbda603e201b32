"""COCO for volumes: JSON with `images`, `annotations` and `categories`, a box as [x, y, z, dx, dy, dz].

A box is in voxel edges of its image (voxels i0..i1 have the edges i0 and i1 + 1, so a box that covers the
whole image is [0, 0, 0, width, height, depth]); `corners_mm` holds the same box in mm, LPS. `affine` takes
the homogeneous index (x, y, z, 1) of a voxel's centre to mm, LPS. Category ids are contiguous from 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.errors import GeometryError
from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy, check_read_back
from detector.export.images import check_images, write_images
from detector.export.json_stream import array_items, document_text
from detector.geometry import Box3D, VolumeGeometry, VoxelBox

FILE = "dataset.json"


def _affine(geometry: VolumeGeometry) -> list[list[float]]:
    (sx, sy, sz), (ox, oy, oz) = geometry.spacing_xyz_mm, geometry.origin_xyz_mm
    return [[sx, 0.0, 0.0, ox], [0.0, sy, 0.0, oy], [0.0, 0.0, sz, oz], [0.0, 0.0, 0.0, 1.0]]


def _bbox(geometry: VolumeGeometry, box: Box3D) -> list[float]:
    voxels = geometry.voxels_from_box(box)
    lo, hi = voxels.lo_zyx[::-1], voxels.hi_zyx[::-1]
    return [*lo, *(b - a for a, b in zip(lo, hi, strict=True))]


def _image(number: int, study: ExportStudy) -> dict[str, Any]:
    depth, height, width = study.geometry.shape_zyx
    return {
        "id": number,
        "file_name": study.images[study.reference_phase],
        "study": study.id,
        "subject": study.subject,
        "split": study.split,
        "reference_phase": study.reference_phase,
        "phases": dict(sorted(study.images.items())),
        "nudges_mm": {phase: list(mm) for phase, mm in sorted(study.nudges_mm.items())},
        "width": width,
        "height": height,
        "depth": depth,
        "affine": _affine(study.geometry),
        "geometry": study.geometry.as_json(),
    }


def _annotations(studies: Iterable[ExportStudy], category: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, study in enumerate(studies, start=1):
        for box in study.boxes:
            number += 1
            bbox = _bbox(study.geometry, box.box)
            yield {
                "id": number,
                "image_id": image,
                "category_id": category[box.category],
                "bbox": bbox,
                "area": math.prod(bbox[3:]),
                "iscrowd": 0,
                "corners_mm": box.box.as_json(),
                "lesion": box.id,
                "primary": box.primary,
                "absent_phases": list(box.absent_phases),
            }


def coco_text(studies: Iterable[ExportStudy], info: Mapping[str, Any]) -> Iterator[str]:
    """The JSON text in pieces, with a study's entry kept where it has no box; the same input gives the same
    bytes. No studies give a file without images. `studies` is walked three times.
    """
    names = sorted({b.category for s in studies for b in s.boxes})
    category = {name: number for number, name in enumerate(names, start=1)}
    said = {**info, "frame": "LPS", "unit": "mm", "bbox": "x y z dx dy dz in voxel edges"}
    yield from document_text(
        {
            "info": said,
            "categories": [{"id": n, "name": k, "supercategory": "lesion"} for k, n in category.items()],
        },
        {
            "annotations": _annotations(studies, category),
            "images": (_image(number, study) for number, study in enumerate(studies, start=1)),
        },
    )


def write_coco(studies: Sequence[ExportStudy], info: Mapping[str, Any]) -> str:
    """The whole text that coco_text gives in pieces."""
    return "".join(coco_text(studies, info))


def read_coco(text: str) -> list[ExportStudy]:
    """The studies of a file that coco_text wrote; boxes are worked out from `bbox` and the image's grid.

    Raises:
        ExportError: not such a file, or a box that is nowhere.
    """
    try:
        document = json.loads(text)
        names = {c["id"]: str(c["name"]) for c in document["categories"]}
        boxes: dict[int, list[dict[str, Any]]] = {i["id"]: [] for i in document["images"]}
        for a in document["annotations"]:
            boxes[a["image_id"]].append(a)
        return [_study(image, boxes[image["id"]], names) for image in document["images"]]
    except (ValueError, KeyError, TypeError, GeometryError) as error:
        raise ExportError("This is not a COCO file of this project.") from error


def stream_coco(path: Path) -> Iterator[ExportStudy]:
    """The studies of a file that coco_text wrote, one at a time: annotations must stand in the order of
    their images.

    Raises:
        ExportError: not such a file.
        OSError: it cannot be read.
    """
    try:
        names = {c["id"]: str(c["name"]) for c in array_items(path, "categories")}
        annotations = array_items(path, "annotations")
        waiting = next(annotations, None)
        for image in array_items(path, "images"):
            own = []
            while waiting is not None and waiting["image_id"] == image["id"]:
                own.append(waiting)
                waiting = next(annotations, None)
            yield _study(image, own, names)
    except (ValueError, KeyError, TypeError, GeometryError) as error:
        raise ExportError("This is not a COCO file of this project.") from error
    if waiting is not None:
        raise ExportError("The file has a box of no image, or its boxes are not in the order of its images.")


def write(data: ExportData, out: Path) -> None:
    """dataset.json, and the images where there are voxels.

    Raises:
        OSError: a file cannot be written.
    """
    with (out / FILE).open("w", encoding="utf-8", newline="") as file:
        file.writelines(coco_text(data.studies, data.info))
    write_images(data, out)


def check(data: ExportData, out: Path) -> None:
    """Reads all of it back; raises ExportError where it differs, OSError where it cannot be read."""
    check_read_back(data.studies, stream_coco(out / FILE))
    check_images(data, out)


def _study(
    image: Mapping[str, Any], own: Sequence[Mapping[str, Any]], names: Mapping[int, str]
) -> ExportStudy:
    grid = VolumeGeometry.from_json(image["geometry"])
    return ExportStudy(
        id=str(image["study"]),
        subject=str(image["subject"]),
        split=str(image["split"]),
        reference_phase=str(image["reference_phase"]),
        geometry=grid,
        images=dict(image["phases"]),
        boxes=tuple(
            ExportBox(
                id=str(a["lesion"]),
                box=_box(grid, a["bbox"]),
                category=names[a["category_id"]],
                primary=bool(a["primary"]),
                absent_phases=tuple(a["absent_phases"]),
            )
            for a in own
        ),
        nudges_mm={phase: tuple(mm) for phase, mm in image.get("nudges_mm", {}).items()},
    )


def _box(geometry: VolumeGeometry, bbox: Sequence[float]) -> Box3D:
    x, y, z, dx, dy, dz = bbox
    return geometry.box_from_voxels(VoxelBox((z, y, x), (z + dz, y + dy, x + dx)))
