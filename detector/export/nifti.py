"""Volumes as NIfTI-1, for whoever trains elsewhere on an export: the same voxels give the same bytes.

The header is written here because libraries put their own marks into it; gzip gets neither a time nor a
name. Points in NIfTI are RAS, so x and y change their sign.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from detector.export.dataset import ExportError
from detector.geometry import VolumeGeometry
from detector.volume import Volume

_CODES = {"uint8": 2, "int16": 4, "uint16": 512}
_MILLIMETRES = 2
_SCANNER = 1  # the frame of both transforms
# More costs several times as long and saves a few hundredths of a CT.
_LEVEL = 1


def write_nifti(volume: Volume, path: Path) -> None:
    """Writes a (Z, Y, X) volume of uint8, int16 or uint16 as .nii.gz, slice by slice; makes the folder.

    Raises:
        ExportError: voxels of another kind.
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    header = _header(volume.geometry, str(volume.array_zyx.dtype))
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as file,
    ):
        file.write(header)
        for plane in volume.array_zyx:
            little = np.asarray(plane).astype(plane.dtype.newbyteorder("<"), copy=False)
            file.write(little.tobytes())


def _header(geometry: VolumeGeometry, kind: str) -> bytes:
    """348 bytes, and four that say that no extension follows."""
    if kind not in _CODES:
        raise ExportError(f"Voxels of kind {kind} have no place in an export.")
    depth, height, width = geometry.shape_zyx
    (sx, sy, sz), (ox, oy, oz) = geometry.spacing_xyz_mm, geometry.origin_xyz_mm
    header = bytearray(352)
    put = struct.pack_into
    put("<i", header, 0, 348)
    header[38] = ord("r")
    put("<8h", header, 40, 3, width, height, depth, 1, 1, 1, 1)
    put("<2h", header, 70, _CODES[kind], np.dtype(kind).itemsize * 8)
    put("<8f", header, 76, 1, sx, sy, sz, 0, 0, 0, 0)
    put("<3f", header, 108, 352, 1, 0)  # where voxels begin; value = 1 * stored + 0
    header[123] = _MILLIMETRES
    put("<2h", header, 252, _SCANNER, _SCANNER)
    # The half turn about z that takes LPS to RAS, as a quaternion and as a matrix.
    put("<6f", header, 256, 0, 0, 1, -ox, -oy, oz)
    put("<12f", header, 280, -sx, 0, 0, -ox, 0, -sy, 0, -oy, 0, 0, sz, oz)
    header[344:348] = b"n+1\0"
    return bytes(header)
