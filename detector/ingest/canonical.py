"""The canonical volume: LPS, identity direction, int16 HU, and the rules a scan must keep to become one."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from detector.geometry import VolumeGeometry
from detector.ingest.problems import unreadable
from detector.volume import AIR_HU, Volume

IN_PLANE_MM = (0.2, 3.0)
SLICE_MM = (0.2, 20.0)
MIN_SLICES = 5
MAX_VOXELS = 600_000_000
# Cosines this close to a coordinate axis (0.06 degrees) are rounding of the header: 0.3 mm over 300 mm.
AXIS_TOLERANCE = 1e-3

Floats = npt.NDArray[np.float64]


def hashed_uid(uid: str) -> str:
    """A valid DICOM UID that stands for `uid` without giving it away; "" for none.

    >>> hashed_uid("1.2.3") == hashed_uid("1.2.3") != hashed_uid("1.2.4")
    True
    """
    if not uid:
        return ""
    return f"2.25.{int.from_bytes(hashlib.sha256(uid.encode()).digest()[:16], 'big')}"


def check_grid(shape_zyx: tuple[int, int, int], spacing_xyz_mm: tuple[float, float, float]) -> None:
    """Refuses grids no liver CT has: codes too_few_slices, too_large, spacing.

    Raises:
        ReadError: with the numbers in its details.
    """
    x, y, z = (float(s) for s in spacing_xyz_mm)
    if shape_zyx[0] < MIN_SLICES:
        raise unreadable(
            "too_few_slices",
            f"{shape_zyx[0]} slices are too few for a volume ({MIN_SLICES} at least).",
            "Export the whole series.",
            slices=shape_zyx[0],
        )
    if shape_zyx[0] * shape_zyx[1] * shape_zyx[2] > MAX_VOXELS:
        raise unreadable("too_large", "The series has more voxels than a CT can have.", "Split the series.")
    in_plane = all(IN_PLANE_MM[0] <= s <= IN_PLANE_MM[1] for s in (x, y))
    if not in_plane or not SLICE_MM[0] <= z <= SLICE_MM[1]:
        raise unreadable(
            "spacing",
            f"The spacing {x:g} x {y:g} x {z:g} mm is not that of a liver CT.",
            f"In plane {IN_PLANE_MM[0]:g} to {IN_PLANE_MM[1]:g} mm and between slices {SLICE_MM[0]:g} to "
            f"{SLICE_MM[1]:g} mm are read: correct the header or export the series again.",
            spacing_xyz_mm=[x, y, z],
        )


def axis_permutation(direction: Floats) -> tuple[list[int], list[int]]:
    """Which array axis (i, j, k) runs along each of x, y, z, and its sign.

    `direction` is (3, 3): column a is the unit vector of array axis a in LPS.

    Raises:
        ReadError: code oblique where an axis lies along no coordinate axis.
    """
    axes = [int(np.argmax(np.abs(direction[world]))) for world in range(3)]
    signs = [int(np.sign(direction[world, axis])) for world, axis in enumerate(axes)]
    snapped = np.zeros((3, 3))
    for world, axis in enumerate(axes):
        snapped[world, axis] = signs[world]
    if sorted(axes) != [0, 1, 2] or np.abs(direction - snapped).max() > AXIS_TOLERANCE:
        raise unreadable(
            "oblique",
            "The slices are oblique to the patient's axes.",
            "Resample the series to an axial grid and import that.",
        )
    return axes, signs


def to_lps(
    array_kji: npt.NDArray[np.generic],
    *,
    direction: Floats,
    origin_xyz_mm: Floats,
    spacing_ijk_mm: Floats,
    frame_of_reference_uid: str = "",
) -> Volume:
    """Turns an array (k, j, i) with ITK geometry into one (Z, Y, X) with identity direction, by axis
    swaps and flips alone: no voxel changes its value or its place in the patient.

    Raises:
        ReadError: code oblique.
    """
    axes, signs = axis_permutation(direction)
    size_ijk = array_kji.shape[::-1]
    origin = np.array(origin_xyz_mm, dtype=float)
    out = np.transpose(array_kji, [2 - axes[2], 2 - axes[1], 2 - axes[0]])
    for world, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        if sign < 0:
            out = np.flip(out, 2 - world)
            origin += direction[:, axis] * spacing_ijk_mm[axis] * (size_ijk[axis] - 1)
    geometry = VolumeGeometry(
        shape_zyx=out.shape,
        spacing_xyz_mm=tuple(float(spacing_ijk_mm[a]) for a in axes),  # type: ignore[arg-type]
        origin_xyz_mm=tuple(origin),
        frame_of_reference_uid=frame_of_reference_uid,
    )
    return Volume(np.ascontiguousarray(out), geometry)


def to_hu(values: npt.NDArray[np.generic]) -> npt.NDArray[np.int16]:
    """Rounds to int16 HU; what lies below -1024 (padding, corners of the field of view) becomes -1024.

    Raises:
        ReadError: code not_finite for NaN or infinite voxels, and the codes of check_spread.
    """
    hu = clipped_hu(values)
    check_spread(values)
    return hu


def clipped_hu(values: npt.NDArray[np.generic]) -> npt.NDArray[np.int16]:
    """One slice or volume rounded to int16 and clipped to -1024 and above.

    Raises:
        ReadError: code not_finite.
    """
    if values.dtype == np.int16:
        return np.maximum(values, np.int16(AIR_HU))
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all():
            raise unreadable(
                "not_finite",
                "The volume holds NaN or infinite voxels.",
                "Export or convert the series again.",
            )
        values = np.rint(values)
    return np.clip(values, AIR_HU, 32767).astype(np.int16)


def check_spread(values: npt.NDArray[np.generic]) -> None:
    """Refuses what is no CT by its values alone, (Z, Y, X).

    Raises:
        ReadError: code mask for a two-valued array, and not_hounsfield where the values span less than 100.
    """
    low, high = float(values.min()), float(values.max())
    if all(bool(((plane == low) | (plane == high)).all()) for plane in values):
        raise unreadable(
            "mask",
            "The volume has at most two values: a mask, not a CT.",
            "Import masks as masks, beside the CT that they belong to.",
        )
    if high - low < 100:
        raise unreadable(
            "not_hounsfield",
            "The voxels are not in Hounsfield units: they span less than 100.",
            "Export the series in HU, without window or normalisation.",
        )
