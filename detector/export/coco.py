"""COCO for volumes: JSON with `images`, `annotations` and `categories`, a box as [x, y, z, dx, dy, dz].

A box is in voxel edges of its image (voxels i0..i1 have the edges i0 and i1 + 1, so a box that covers the
whole image is [0, 0, 0, width, height, depth]); `corners_mm` holds the same box in mm, LPS. `affine` takes
the homogeneous index (x, y, z, 1) of a voxel's centre to mm, LPS. Category ids are contiguous from 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from detector.errors import GeometryError
from detector.export.dataset import ExportBox, ExportError, ExportStudy
from detector.geometry import Box3D, VolumeGeometry, VoxelBox


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


def write_coco(studies: Sequence[ExportStudy], info: Mapping[str, Any]) -> str:
    """The JSON text, with a study's entry kept where it has no box; the same input gives the same bytes.

    An empty sequence gives a file without images.
    """
    names = sorted({b.category for s in studies for b in s.boxes})
    category = {name: number for number, name in enumerate(names, start=1)}
    annotations: list[dict[str, Any]] = []
    for image, study in enumerate(studies, start=1):
        for box in study.boxes:
            bbox = _bbox(study.geometry, box.box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
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
            )
    document = {
        "info": {**info, "frame": "LPS", "unit": "mm", "bbox": "x y z dx dy dz in voxel edges"},
        "images": [_image(number, study) for number, study in enumerate(studies, start=1)],
        "annotations": annotations,
        "categories": [{"id": n, "name": name, "supercategory": "lesion"} for name, n in category.items()],
    }
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n"


def read_coco(text: str) -> list[ExportStudy]:
    """The studies of a file that write_coco wrote; boxes are worked out from `bbox` and the image's grid.

    Raises:
        ExportError: not such a file, or a box that is nowhere.
    """
    try:
        document = json.loads(text)
        names = {c["id"]: str(c["name"]) for c in document["categories"]}
        boxes: dict[int, list[ExportBox]] = {i["id"]: [] for i in document["images"]}
        grids = {i["id"]: VolumeGeometry.from_json(i["geometry"]) for i in document["images"]}
        for a in document["annotations"]:
            boxes[a["image_id"]].append(
                ExportBox(
                    id=str(a["lesion"]),
                    box=_box(grids[a["image_id"]], a["bbox"]),
                    category=names[a["category_id"]],
                    primary=bool(a["primary"]),
                    absent_phases=tuple(a["absent_phases"]),
                )
            )
        return [
            ExportStudy(
                id=str(i["study"]),
                subject=str(i["subject"]),
                split=str(i["split"]),
                reference_phase=str(i["reference_phase"]),
                geometry=grids[i["id"]],
                images=dict(i["phases"]),
                boxes=tuple(boxes[i["id"]]),
                nudges_mm={phase: tuple(mm) for phase, mm in i.get("nudges_mm", {}).items()},
            )
            for i in document["images"]
        ]
    except (ValueError, KeyError, TypeError, GeometryError) as error:
        raise ExportError("This is not a COCO file of this project.") from error


def _box(geometry: VolumeGeometry, bbox: Sequence[float]) -> Box3D:
    x, y, z, dx, dy, dz = bbox
    return geometry.box_from_voxels(VoxelBox((z, y, x), (z + dz, y + dy, x + dx)))
